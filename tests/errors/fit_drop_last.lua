-- exit: 1
-- says: fit_drop_last.lua:4: generator:flow: drop_last leaves no batch: batch is 64, but digits train holds 40 images; use a smaller batch
local train = luma.dataset.digits { train = 40, test = 10 }
local flow = luma.generator {}:flow(train, { batch = 64, drop_last = true })
