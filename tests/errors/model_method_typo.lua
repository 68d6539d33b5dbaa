-- exit: 1
-- says: model_method_typo.lua:5: model has no field or method 'trian'; did you mean 'train'?
local nn = luma.nn
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
model:trian {}
