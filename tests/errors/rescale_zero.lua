-- exit: 1
-- says: rescale_zero.lua:3: luma.rescale: factor is 0, wanted a finite number other than 0, such as 1/255
local stage = luma.rescale(0)
