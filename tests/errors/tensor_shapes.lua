-- exit: 1
-- says: tensor_shapes.lua:3: tensor + tensor: cannot combine tensors of shapes 2x3 and 3x2: they must be equal
local t = luma.zeros { 2, 3 } + luma.zeros { 3, 2 }
