-- exit: 1
-- says: fit_epochs_zero.lua:7: model:fit: option 'epochs' wants an integer from 1 to 1000000, got 0
local train = luma.dataset.digits { train = 40, test = 10 }
local flow = luma.generator { luma.rescale(1 / 255) }:flow(train, { batch = 20 })
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:fit { flow, epochs = 0 }
