-- exit: 1
-- says: fit_loss_name.lua:7: model:fit: option 'loss' wants "cross_entropy", "binary_cross_entropy" or "mse", got "crossentropy"; did you mean "cross_entropy"?
local train = luma.dataset.digits { train = 40, test = 10 }
local flow = luma.generator { luma.rescale(1 / 255) }:flow(train, { batch = 20 })
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:fit { flow, loss = "crossentropy" }
