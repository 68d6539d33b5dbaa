-- exit: 4
-- says: idx_magic.lua:8: luma.dataset.idx: images: not an IDX file: it begins with 12 34 56 78, an IDX file with 00 00, a type and a rank
local function write(name, text)
    local file <close> = assert(io.open(name, "wb"))
    file:write(text)
end
write("images", string.pack(">I4I4I4I4", 0x12345678, 1, 2, 2) .. "1234")
local set = luma.dataset.idx { images = "images" }
