-- exit: 1
-- says: early_stop_monitor.lua:7: luma.early_stop: there is no figure 'val_los' to monitor; did you mean 'val_loss'? (figures: accuracy, loss, val_accuracy, val_loss)
local train = luma.dataset.digits { train = 40, test = 10 }
local flow = luma.generator { luma.rescale(1 / 255) }:flow(train, { batch = 20 })
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:fit { flow, validate = flow, callbacks = { luma.early_stop { monitor = "val_los" } } }
