-- exit: 1
-- says: fit_classes_differ.lua:7: model:fit: the data set has 10 classes, but the model's last layer has 5 outputs; make it dense{ 10, ... }
local train = luma.dataset.digits { train = 40, test = 10 }
local flow = luma.generator { luma.rescale(1 / 255) }:flow(train, { batch = 20 })
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 5, act = "softmax" } }
model:fit { flow }
