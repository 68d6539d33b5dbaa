-- exit: 1
-- says: augment_probability.lua:3: luma.flip: option 'p' wants a number from 0 to 1, got 50
local a = luma.flip { "horizontal", p = 50 }
