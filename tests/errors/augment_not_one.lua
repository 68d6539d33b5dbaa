-- exit: 1
-- says: augment_not_one.lua:3: generator:augment: item 1 wants an augmentation, got a function; call it with what it needs: luma.rotate(15)
local g = luma.generator { luma.rescale(1 / 255) }:augment { luma.rotate, luma.flip "vertical" }
