-- exit: 4
-- says: cifar10_missing.lua:3: luma.dataset.cifar10: cifar10 is not here: its files data_batch_1.bin to data_batch_5.bin and test_batch.bin come in cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html; looked in nowhere
local train, test = luma.dataset.cifar10 "nowhere"
