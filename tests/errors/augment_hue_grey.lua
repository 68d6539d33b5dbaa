-- exit: 1
-- says: augment_hue_grey.lua:8: generator:flow: augmentation 2 (hue, augment_hue_grey.lua:6): hue wants colour images of 3 channels (or 4, the last one opacity), got 28x28x1
local train = luma.dataset.digits { train = 10, test = 10 }
local g = luma.generator { luma.rescale(1 / 255) }:augment {
    luma.rotate(15),
    luma.hue(20),
}
local flow = g:flow(train)
