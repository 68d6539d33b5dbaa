-- exit: 1
-- says: map_nothing.lua:3: luma.map (map_nothing.lua:3): the function gave nil for 0, wanted a number
luma.generator { luma.rescale(1 / 255), luma.map(function() end) }
