-- exit: 1
-- says: model_no_input.lua:3: luma.model: option 'input' wants { rows, columns, channels }, three integers from 1 to 65536, as { 28, 28, 1 }
local model = luma.model { luma.nn.flatten {}, luma.nn.dense { 10 } }
