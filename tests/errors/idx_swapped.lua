-- exit: 4
-- says: idx_swapped.lua:9: luma.dataset.idx: labels holds labels and images holds images: were the two exchanged?
local function write(name, text)
    local file <close> = assert(io.open(name, "wb"))
    file:write(text)
end
write("images", string.pack(">I4I4I4I4", 0x803, 2, 2, 2) .. "12345678")
write("labels", string.pack(">I4I4", 0x801, 2) .. "\0\1")
local set = luma.dataset.idx { images = "labels", labels = "images" }
