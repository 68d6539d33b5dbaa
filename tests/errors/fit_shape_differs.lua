-- exit: 1
-- says: fit_shape_differs.lua:7: model:fit: the model takes images of 32x32x3, but digits train has 28x28x1
local train = luma.dataset.digits { train = 40, test = 10 }
local flow = luma.generator { luma.rescale(1 / 255) }:flow(train, { batch = 20 })
local nn = luma.nn
local model = luma.model { input = { 32, 32, 3 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:fit { flow }
