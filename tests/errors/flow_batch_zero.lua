-- exit: 1
-- says: flow_batch_zero.lua:4: generator:flow: option 'batch' wants an integer from 1 to 100000000, got 0
local train = luma.dataset.digits { train = 10, test = 10 }
local flow = luma.generator {}:flow(train, { batch = 0 })
