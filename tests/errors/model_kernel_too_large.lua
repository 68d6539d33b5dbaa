-- exit: 1
-- says: model_kernel_too_large.lua:7: luma.model: layer 2 (conv): a window of 7x7 does not fit into its input of 6x6; use a smaller one, padding="same", or fewer pools before it
local nn = luma.nn
local model = luma.model {
    input = { 8, 8, 1 },
    nn.conv { 4, kernel = 3 },
    nn.conv { 4, kernel = 7 },
    nn.flatten {},
}
