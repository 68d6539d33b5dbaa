-- exit: 4
-- says: folder_missing.lua:3: luma.dataset.folder: cannot open photos: No such file or directory
local set = luma.dataset.folder { "photos", size = { 64, 64 } }
