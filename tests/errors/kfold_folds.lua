-- exit: 1
-- says: kfold_folds.lua:4: dataset:kfold: class '0' of 'digits train' has 3 images, fewer than the 5 folds; filter the class out, take fewer folds or say stratify=false
local train = luma.dataset.digits { train = 30, test = 1, seed = 7 }
local folds = train:kfold { 5 }
