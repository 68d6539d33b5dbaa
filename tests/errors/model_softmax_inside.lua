-- exit: 1
-- says: model_softmax_inside.lua:7: luma.model: layer 2 (dense): softmax belongs at the end of the model; use relu between layers
local nn = luma.nn
local model = luma.model {
    input = { 28, 28, 1 },
    nn.flatten {},
    nn.dense { 64, act = "softmax" },
    nn.dense { 10 },
}
