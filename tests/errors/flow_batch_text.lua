-- exit: 1
-- says: flow_batch_text.lua:4: generator:flow: option 'batch' wants an integer from 1 to 100000000, got "64"
local train = luma.dataset.digits { train = 10, test = 10 }
local flow = luma.generator {}:flow(train, { batch = "64" })
