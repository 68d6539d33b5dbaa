-- exit: 1
-- says: layer_dropout_one.lua:3: luma.nn.dropout: rate wants a number from 0 to 1, got 1.5
local layer = luma.nn.dropout { 1.5 }
