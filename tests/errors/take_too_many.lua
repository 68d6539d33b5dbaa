-- exit: 1
-- says: take_too_many.lua:4: dataset:take: argument 1 (n) wants an integer from 1 to 10, got 11
local train = luma.dataset.digits { train = 10, test = 10 }
local few = train:take(11)
