-- exit: 4
-- says: load_truncated.lua:12: luma.load: model.safetensors: tensor 'dense1/bias' ends at byte 31400 of the data, but there are only 31396: the file is cut off
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:save "model.safetensors"
local file = assert(io.open("model.safetensors", "rb"))
local text = file:read "a"
file:close()
file = assert(io.open("model.safetensors", "wb"))
file:write(text:sub(1, -5))
file:close()
luma.load "model.safetensors"
