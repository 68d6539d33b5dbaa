-- exit: 1
-- says: open_option.lua:3: luma.dataset.open: unknown option 'trian'; did you mean 'train'? (options: train, test, size, color)
local train, test = luma.dataset.open("digits", { trian = 100 })
