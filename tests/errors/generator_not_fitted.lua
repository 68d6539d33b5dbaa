-- exit: 1
-- says: generator_not_fitted.lua:4: generator:flow: stage 1 (center, generator_not_fitted.lua:4): center has no statistics of the training images yet; call g:fit(dataset) first
local train = luma.dataset.digits { train = 10, test = 10 }
local flow = luma.generator { luma.center "feature" }:flow(train)
