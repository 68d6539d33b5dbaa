-- exit: 1
-- says: weights_shape.lua:5: model:set_weights: weight 'dense1/kernel' is 784x10, got a tensor of 10x784
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:set_weights { ["dense1/kernel"] = luma.zeros({ 10, 784 }, "f32") }
