-- exit: 1
-- says: predict_shape.lua:5: model:predict: the model takes an f32 tensor of N x 28x28x1, got f32 tensor 2x14x14x1
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:predict(luma.zeros({ 2, 14, 14, 1 }, "f32"))
