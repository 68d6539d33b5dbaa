-- exit: 1
-- says: optimizer_rate.lua:3: luma.adam: rate must be above 0, got 0
local optimizer = luma.adam { rate = 0 }
