-- exit: 1
-- says: predict_bytes.lua:5: model:predict: wants scaled f32 images, got u8 numbers; scale them first with generator:apply(images)
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:predict(luma.zeros({ 2, 28, 28, 1 }, "u8"))
