-- exit: 1
-- says: model_gap.lua:5: luma.model: the list has a gap: item 3 is there, but an earlier one is nil
local nn = luma.nn
local act_layer = nil
local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, act_layer, nn.dense { 10 } }
