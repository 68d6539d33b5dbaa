-- exit: 2
-- args: epoch=1
-- says: argument_typo.lua has no argument 'epoch'; did you mean 'epochs'? it takes batch, epochs
local args = luma.args { epochs = 5, batch = 64 }
