-- exit: 4
-- says: idx_empty_set.lua:8: luma.dataset.idx: images holds no images (0x28x28)
local function write(name, text)
    local file <close> = assert(io.open(name, "wb"))
    file:write(text)
end
write("images", string.pack(">I4I4I4I4", 0x803, 0, 28, 28))
local set = luma.dataset.idx { images = "images" }
