-- exit: 4
-- says: save_nowhere.lua:5: model:save: cannot write no/such/folder/model.safetensors: its folder does not exist
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:save("no/such/folder/model.safetensors")
