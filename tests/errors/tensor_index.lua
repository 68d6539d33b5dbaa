-- exit: 1
-- says: tensor_index.lua:4: tensor[i]: index 1 is 3, but this 2x3 tensor has 1 to 2 there
local t = luma.zeros { 2, 3 }
print(t[3])
