-- exit: 1
-- says: model_dense_on_map.lua:7: luma.model: layer 2 (dense): needs a flat input, got 26x26x32; put luma.nn.flatten{} before it
local nn = luma.nn
local model = luma.model {
    input = { 28, 28, 1 },
    nn.conv { 32 },
    nn.dense { 10 },
}
