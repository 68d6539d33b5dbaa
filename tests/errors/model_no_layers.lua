-- exit: 1
-- says: model_no_layers.lua:3: luma.model: wants its layers, got 0 list items
local model = luma.model { input = { 28, 28, 1 } }
