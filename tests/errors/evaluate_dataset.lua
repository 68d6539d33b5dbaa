-- exit: 1
-- says: evaluate_dataset.lua:6: model:evaluate: argument 1 wants a flow, as generator:flow(dataset) gives it, got a dataset
local train, test = luma.dataset.digits { train = 40, test = 10 }
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:evaluate(test)
