-- exit: 1
-- says: flow_keras_option.lua:4: generator:flow: unknown option 'batch_size'; did you mean 'batch'? (options: batch, shuffle, seed, workers, drop_last, labels, weights, sampling, save_to, save_prefix)
local train = luma.dataset.digits { train = 10, test = 10 }
local flow = luma.generator {}:flow(train, { batch_size = 32 })
