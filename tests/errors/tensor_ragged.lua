-- exit: 1
-- says: tensor_ragged.lua:3: luma.tensor: all rows of one level must be equally long: [2] has 1 item, those before it have 2
local t = luma.tensor { { 1, 2 }, { 3 } }
