-- exit: 4
-- says: idx_overflow.lua:8: luma.dataset.idx: images: IDX file of u8 4294967295x4294967295x4294967295: more than can be addressed
local function write(name, text)
    local file <close> = assert(io.open(name, "wb"))
    file:write(text)
end
write("images", string.pack(">I4I4I4I4", 0x803, 0xffffffff, 0xffffffff, 0xffffffff))
local set = luma.dataset.idx { images = "images" }
