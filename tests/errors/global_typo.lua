-- exit: 1
-- says: global_typo.lua:4: the variable 'trian' is not defined; did you mean 'train'?
local train = luma.dataset.digits { train = 10, test = 10 }
print(#trian)
