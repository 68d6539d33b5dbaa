-- exit: 1
-- says: digits_option.lua:3: luma.dataset.digits: unknown option 'trains'; did you mean 'train'? (options: train, test, seed, color)
local train = luma.dataset.digits { trains = 10 }
