-- exit: 4
-- says: image_depth.lua:6: luma.image.load: deep.pgm: the PNM has 16 bits a channel: ask for depth 16 to keep its values, or for depth 8 to have them scaled to 0..255
local file <close> = assert(io.open("deep.pgm", "wb"))
file:write "P5 1 1 65535 ab"
file:flush()
local t = luma.image.load "deep.pgm"
