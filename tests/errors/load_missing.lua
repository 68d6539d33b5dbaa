-- exit: 4
-- says: load_missing.lua:3: luma.load: cannot open model.safetensors: No such file or directory
local model = luma.load "model.safetensors"
