-- exit: 1
-- says: layer_kernel_zero.lua:3: luma.nn.conv: option 'kernel' wants an integer from 1 to 32768, or {rows, columns}, got 0
local layer = luma.nn.conv { 32, kernel = 0 }
