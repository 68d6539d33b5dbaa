-- exit: 4
-- says: idx_truncated.lua:8: luma.dataset.idx: images: IDX file of u8 10x28x28 needs 7,856 bytes, got 799: it is cut off, fetch it again
local function write(name, text)
    local file <close> = assert(io.open(name, "wb"))
    file:write(text)
end
write("images", string.pack(">I4I4I4I4", 0x803, 10, 28, 28) .. ("x"):rep(783))
local set = luma.dataset.idx { images = "images" }
