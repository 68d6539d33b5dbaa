-- exit: 4
-- says: image_depth.lua:6: luma.image.load: deep.pgm: the PNM has 16 bits a channel: say depth=8 to have them scaled to 0..255 (luma.image.load also takes depth=16, which keeps their values)
local file <close> = assert(io.open("deep.pgm", "wb"))
file:write "P5 1 1 65535 ab"
file:flush()
local t = luma.image.load "deep.pgm"
