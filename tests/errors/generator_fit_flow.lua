-- exit: 1
-- says: generator_fit_flow.lua:5: generator:fit: argument 1 wants a dataset, got a flow
local train = luma.dataset.digits { train = 40, test = 10 }
local flow = luma.generator { luma.rescale(1 / 255) }:flow(train, { batch = 20 })
luma.generator { luma.center "feature" }:fit(flow)
