-- exit: 1
-- says: map_floats.lua:4: generator:apply: map takes images of bytes (u8), these are f32: it is a table with a number for each of the 256 bytes
local g = luma.generator { luma.map(math.abs) }
g:apply(luma.zeros({ 1, 4, 4, 1 }, "f32"))
