-- exit: 0
-- says: warning: zca_warning.lua:4: zca: 764 of 784 directions do not vary in the training images (constant or equal pixels, or fewer images than directions); they become 0
local train = luma.dataset.digits { train = 20, test = 10 }
luma.generator { luma.zca {} }:fit(train)
