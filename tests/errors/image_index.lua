-- exit: 1
-- says: image_index.lua:4: dataset:image: argument 1 (i) wants an integer from 1 to 10, got 0
local train = luma.dataset.digits { train = 10, test = 10 }
print(train:image(0))
