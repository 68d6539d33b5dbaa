-- exit: 1
-- says: zca_constant.lua:4: generator:fit: stage 1 (zca, zca_constant.lua:4): every image is 0 when it comes to this stage: there is nothing to whiten
local blank = luma.dataset.tensor { images = luma.zeros({ 5, 4, 4, 1 }, "u8") }
luma.generator { luma.zca {} }:fit(blank)
