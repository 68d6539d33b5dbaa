-- exit: 1
-- says: layer_activation.lua:3: luma.nn.dense: option 'act' wants "none", "relu", "tanh", "sigmoid" or "softmax", got "softmx"; did you mean "softmax"?
local layer = luma.nn.dense { 10, act = "softmx" }
