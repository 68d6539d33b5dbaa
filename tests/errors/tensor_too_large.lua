-- exit: 5
-- says: tensor_too_large.lua:3: luma.zeros: f64 tensor 1000000x1000000x100000: out of memory: cannot allocate 800.0 PB
local t = luma.zeros({ 1000000, 1000000, 100000 }, "f64")
