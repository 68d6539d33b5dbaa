-- exit: 1
-- says: model_same_name.lua:7: luma.model: layer 2 (conv): two layers are named 'first' (layers 1 and 2)
local nn = luma.nn
local model = luma.model {
    input = { 28, 28, 1 },
    nn.conv { 4, name = "first" },
    nn.conv { 4, name = "first" },
    nn.flatten {},
}
