-- exit: 2
-- args: epochs=many
-- says: argument epochs=many wants an integer, as in epochs=5
local args = luma.args { epochs = 5, batch = 64 }
