-- exit: 1
-- says: augment_negative.lua:3: luma.channel_shift: amount is -20, wanted 0 or more (x is -x..x), or {lo, hi}
local a = luma.channel_shift(-20)
