-- exit: 1
-- says: fit_no_flow.lua:5: model:fit: wants a flow to learn from, got 0 list items
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:fit { epochs = 5 }
