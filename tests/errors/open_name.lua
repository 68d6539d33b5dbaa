-- exit: 1
-- says: open_name.lua:3: luma.dataset.open: there is no data set called "mnits"; did you mean "mnist"? there are mnist, fashion_mnist, digits, and folders of MNIST-like files (a name with a slash)
local train, test = luma.dataset.open "mnits"
