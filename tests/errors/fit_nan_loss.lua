-- exit: 1
-- says: fit_nan_loss.lua:7: model:fit: the loss is not finite (nan) at epoch 1, step 2, first in the output of layer 2 (dense); the weights are those of the step before. Lower the rate (now 1e+38), or scale the pixels (luma.rescale, luma.standardize)
local train = luma.dataset.digits { train = 40, test = 10 }
local flow = luma.generator { luma.rescale(1 / 255) }:flow(train, { batch = 20 })
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:fit { flow, epochs = 9, optimizer = luma.sgd { rate = 1e38 } }
