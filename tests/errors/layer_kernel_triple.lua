-- exit: 1
-- says: layer_kernel_triple.lua:3: luma.nn.conv: option 'kernel' wants an integer from 1 to 32768, or {rows, columns}, got {3, 3, 3}
local layer = luma.nn.conv { 32, kernel = { 3, 3, 3 } }
