-- exit: 1
-- says: argument_default.lua:3: luma.args: the default of 'epochs' wants a number, a string or true or false, got a table
local args = luma.args { epochs = {} }
