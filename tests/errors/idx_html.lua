-- exit: 4
-- says: idx_html.lua:8: luma.dataset.idx: images: not an IDX file but an HTML page (did a download fail?)
local function write(name, text)
    local file <close> = assert(io.open(name, "wb"))
    file:write(text)
end
write("images", "<!DOCTYPE html><html><body>404 Not Found</body></html>")
local set = luma.dataset.idx { images = "images" }
