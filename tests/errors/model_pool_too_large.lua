-- exit: 1
-- says: model_pool_too_large.lua:4: luma.model: layer 1 (maxpool): a window of 5x5 does not fit into its input of 4x4; use a smaller one or fewer pools before it
local nn = luma.nn
local model = luma.model { input = { 4, 4, 1 }, nn.maxpool { 5 }, nn.flatten {}, nn.dense { 10 } }
