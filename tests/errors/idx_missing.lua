-- exit: 4
-- says: idx_missing.lua:3: luma.dataset.idx: cannot open train-images: No such file or directory
local set = luma.dataset.idx { images = "train-images", labels = "train-labels" }
