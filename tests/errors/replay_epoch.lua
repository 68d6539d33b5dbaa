-- exit: 1
-- says: replay_epoch.lua:4: generator:replay: argument 3 (epoch) wants an integer of at least 1, got 0
local train = luma.dataset.digits { train = 10, test = 10 }
local pixels = luma.generator {}:augment { luma.rotate(15) }:replay(train, 1, 0)
