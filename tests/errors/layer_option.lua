-- exit: 1
-- says: layer_option.lua:3: luma.nn.conv: unknown option 'kernal'; did you mean 'kernel'? (options: kernel, stride, padding, act, name)
local layer = luma.nn.conv { 32, kernal = 3 }
