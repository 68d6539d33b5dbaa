-- exit: 1
-- says: layer_no_units.lua:3: luma.nn.dense: wants the number of units, got 0 list items
local layer = luma.nn.dense { act = "relu" }
