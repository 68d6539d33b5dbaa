-- exit: 1
-- says: optimizer_beta.lua:3: luma.adam: beta1 must be in 0 <= beta1 < 1, got 1
local optimizer = luma.adam { beta1 = 1 }
