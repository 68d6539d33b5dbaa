-- exit: 1
-- says: show_option.lua:4: dataset:show: unknown option 'n'; the options are max, columns
local train = luma.dataset.digits{ train = 10, test = 10 }
train:show{ n = 3 }
