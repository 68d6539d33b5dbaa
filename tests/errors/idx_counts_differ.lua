-- exit: 4
-- says: idx_counts_differ.lua:9: luma.dataset.idx: images holds 2 images, but labels holds 3 labels; they are not of one set
local function write(name, text)
    local file <close> = assert(io.open(name, "wb"))
    file:write(text)
end
write("images", string.pack(">I4I4I4I4", 0x803, 2, 2, 2) .. "12345678")
write("labels", string.pack(">I4I4", 0x801, 3) .. "\0\1\0")
local set = luma.dataset.idx { images = "images", labels = "labels" }
