-- exit: 1
-- says: augment_shift_fraction.lua:3: luma.shift: height is 4 of the image, wanted a fraction below 1; use unit="pixels" to shift by pixels
local a = luma.shift { height = 4, width = 4 }
