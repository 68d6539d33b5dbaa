-- exit: 1
-- says: augment_stage.lua:3: generator:augment: item 1 wants an augmentation, such as luma.rotate(15), got a stage
local g = luma.generator { luma.rescale(1 / 255) }:augment { luma.clip { 0, 1 } }
