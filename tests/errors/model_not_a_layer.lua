-- exit: 1
-- says: model_not_a_layer.lua:3: luma.model: layer 1 wants a layer, as luma.nn.dense{ 10 }, got a function
local model = luma.model { input = { 28, 28, 1 }, luma.nn.flatten }
