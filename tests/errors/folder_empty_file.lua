-- exit: 4
-- says: folder_empty_file.lua:5: luma.dataset.folder: photos/cat/a.png: not an image (PNG, JPEG, BMP, GIF, TGA or PNM): it is an empty file
os.execute "mkdir -p photos/cat"
assert(io.open("photos/cat/a.png", "wb")):close()
local set = luma.dataset.folder { "photos", cache = "memory" }
