-- exit: 1
-- says: layer_foreign_option.lua:3: luma.nn.dense: unknown option 'activation'; did you mean 'act'? (options: act, name)
local layer = luma.nn.dense { 64, activation = "relu" }
