-- exit: 1
-- says: fit_no_labels.lua:6: model:fit: tensor has no labels to learn or check against
local images = luma.dataset.tensor { images = luma.zeros({ 4, 28, 28 }, "u8") }
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:fit { luma.generator { luma.rescale(1 / 255) }:flow(images) }
