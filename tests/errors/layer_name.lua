-- exit: 1
-- says: layer_name.lua:3: luma.nn.dense: option 'name' wants at most 31 characters without spaces, slashes and quotes, got "a/b"
local layer = luma.nn.dense { 10, name = "a/b" }
