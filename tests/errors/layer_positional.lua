-- exit: 1
-- says: layer_positional.lua:3: luma.nn.relu: wants a table { name= }, got 1
local layer = luma.nn.relu(1)
