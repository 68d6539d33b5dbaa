-- exit: 1
-- says: fit_validate_differs.lua:8: model:fit: option 'validate': the model takes images of 28x28x1, but color digits train has 32x32x3
local train = luma.dataset.digits { train = 40, test = 10 }
local flow = luma.generator { luma.rescale(1 / 255) }:flow(train, { batch = 20 })
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
local color = luma.dataset.digits { train = 10, test = 10, color = true }
model:fit { flow, validate = luma.generator {}:flow(color) }
