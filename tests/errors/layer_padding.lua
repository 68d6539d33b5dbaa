-- exit: 1
-- says: layer_padding.lua:3: luma.nn.conv: option 'padding' wants "valid" or "same", got "full"
local layer = luma.nn.conv { 32, padding = "full" }
