-- exit: 1
-- says: model_flat_input.lua:3: luma.model: option 'input' wants { rows, columns, channels }, three integers from 1 to 65536, as { 28, 28, 1 }
local model = luma.model { input = { 28, 28 }, luma.nn.flatten {} }
