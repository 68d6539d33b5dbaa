-- exit: 1
-- says: layer_units_fraction.lua:3: luma.nn.dense: units wants an integer from 1 to 1048576, got 2.5
local layer = luma.nn.dense { 2.5 }
