-- exit: 1
-- says: show_count.lua:4: flow:show: argument 1 (n) wants an integer from 1 to 100000, got 0
local train = luma.dataset.digits{ train = 10, test = 10 }
luma.generator{}:flow(train):show(0)
