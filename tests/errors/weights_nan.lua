-- exit: 1
-- says: weights_nan.lua:7: model:set_weights: weight 'dense1/bias' holds nan at position 3
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
local bias = luma.zeros({ 10 }, "f32")
bias[3] = 0 / 0
model:set_weights { ["dense1/bias"] = bias }
