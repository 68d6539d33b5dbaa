-- exit: 1
-- says: open_name.lua:3: luma.dataset.open: there is no data set called "mnits"; did you mean "mnist"? there are mnist, fashion_mnist, cifar10, emnist, digits, and files and folders (a name with a slash, or ending in .csv or .npz)
local train, test = luma.dataset.open "mnits"
