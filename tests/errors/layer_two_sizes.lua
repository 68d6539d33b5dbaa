-- exit: 1
-- says: layer_two_sizes.lua:3: luma.nn.conv: wants the number of filters, got 2 list items
local layer = luma.nn.conv { 32, 3 }
