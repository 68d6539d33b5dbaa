-- exit: 1
-- says: closed_model.lua:6: model.params: model is closed
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:close()
print(model.params)
