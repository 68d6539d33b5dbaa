-- exit: 1
-- says: fit_option_typo.lua:7: model:fit: unknown option 'epoch'; did you mean 'epochs'? (options: epochs, optimizer, loss, validate, callbacks, progress)
local train = luma.dataset.digits { train = 40, test = 10 }
local flow = luma.generator { luma.rescale(1 / 255) }:flow(train, { batch = 20 })
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:fit { flow, epoch = 5 }
