-- exit: 1
-- says: map_sample.lua:3: luma.generator: stage 1 (center, map_sample.lua:3): map: behind this center stage a pixel is no function of its byte alone, so no table of 256 numbers says what the function makes of it; wanted before a map: rescale, clip, map, and center or standardize "feature", axis all
luma.generator { luma.center "sample", luma.map(math.abs) }
