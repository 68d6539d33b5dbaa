-- exit: 1
-- says: folder_option.lua:3: luma.dataset.folder: option 'resize' wants "nearest", "box", "bilinear", "hamming", "bicubic" or "lanczos", got "linear"; did you mean "bilinear"?
local set = luma.dataset.folder { "photos", resize = "linear" }
