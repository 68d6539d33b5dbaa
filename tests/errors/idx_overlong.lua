-- exit: 4
-- says: idx_overlong.lua:8: luma.dataset.idx: images: IDX file of u8 1x2x2 needs 20 bytes, got 21: surplus bytes follow the data
local function write(name, text)
    local file <close> = assert(io.open(name, "wb"))
    file:write(text)
end
write("images", string.pack(">I4I4I4I4", 0x803, 1, 2, 2) .. "12345")
local set = luma.dataset.idx { images = "images" }
