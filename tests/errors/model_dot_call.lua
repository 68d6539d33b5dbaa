-- exit: 1
-- says: model_dot_call.lua:7: model:fit: called on a table instead of a model; write x:fit(...), with a colon
local train = luma.dataset.digits { train = 40, test = 10 }
local flow = luma.generator { luma.rescale(1 / 255) }:flow(train, { batch = 20 })
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model.fit { flow }
