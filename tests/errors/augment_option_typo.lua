-- exit: 1
-- says: augment_option_typo.lua:3: luma.rotate: unknown option 'fill_mode'; did you mean 'fill'? (options: p, fill, fill_value, order)
local a = luma.rotate { 15, fill_mode = "nearest" }
