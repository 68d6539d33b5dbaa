-- exit: 1
-- says: augment_reversed.lua:3: luma.zoom: factor is 1.2 to 0.8, wanted the lower bound first
local a = luma.zoom { 1.2, 0.8 }
