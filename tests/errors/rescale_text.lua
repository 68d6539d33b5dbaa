-- exit: 1
-- says: rescale_text.lua:3: luma.rescale: argument 1 (factor) wants a number, got "1/255"
local stage = luma.rescale "1/255"
