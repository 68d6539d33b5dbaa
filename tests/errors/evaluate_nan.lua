-- exit: 1
-- says: evaluate_nan.lua:8: model:evaluate: the loss of image 2 of three is not finite (nan); are its pixels finite, and scaled as those the model was trained on?
local nn = luma.nn
local x = luma.zeros({ 3, 2, 2, 1 }, "f32")
x:set(2, 1, 2, 1, 0 / 0)
local set = luma.dataset.tensor { images = x, labels = luma.tensor({ 0, 1, 0 }, "i32"), name = "three" }
local model = luma.model { input = set.shape, nn.flatten {}, nn.dense { 2, act = "softmax" } }
print(model:evaluate(luma.generator {}:flow(set)))
