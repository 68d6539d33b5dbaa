-- exit: 1
-- says: weights_name.lua:5: model:set_weights: the model has no weight 'dense1/kernal'; did you mean 'dense1/kernel'?
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:set_weights { ["dense1/kernal"] = luma.zeros({ 784, 10 }, "f32") }
