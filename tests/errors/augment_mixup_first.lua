-- exit: 1
-- says: augment_mixup_first.lua:3: generator:augment: augmentation 1 (mixup, augment_mixup_first.lua:4): blends finished images, so it must be the last of the list
local g = luma.generator {}:augment {
    luma.mixup(0.2),
    luma.rotate(15),
}
