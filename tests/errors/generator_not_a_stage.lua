-- exit: 1
-- says: generator_not_a_stage.lua:3: luma.generator: item 1 wants a stage, such as luma.rescale(1/255), got 0.003921568627451
local g = luma.generator { 1 / 255 }
