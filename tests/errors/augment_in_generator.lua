-- exit: 1
-- says: augment_in_generator.lua:3: luma.generator: item 1 is an augmentation; those are listed in generator:augment{ ... }
local g = luma.generator { luma.rotate(15), luma.rescale(1 / 255) }
