-- exit: 4
-- says: image_damaged.lua:9: luma.image.load: cut.png: the PNG is cut off: chunk IDAT at byte 33 claims 12 bytes, 5 are left
luma.zeros({ 9, 9 }, "u8"):save "whole.png"
local whole <close> = assert(io.open("whole.png", "rb"))
local cut <close> = assert(io.open("cut.png", "wb"))
cut:write(whole:read(50))
cut:flush()
local _ = luma.image.info "cut.png"
local t = luma.image.load "cut.png"
