-- exit: 5
-- says: zca_budget.lua:4: generator:fit: stage 1 (zca, zca_budget.lua:4): a matrix over 784 features (images 28x28x1) takes 13.1 MB to fit, the budget is 10.0 MB; use smaller images, whiten colours alone (axis="channel"), fit on at most 372 images (g:fit(ds:take(372))), or raise budget=
local train = luma.dataset.digits { train = 1000, test = 10 }
luma.generator { luma.zca { budget = 10 } }:fit(train)
