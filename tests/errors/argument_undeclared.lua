-- exit: 1
-- says: argument_undeclared.lua:4: luma.args: 'epoch' is not declared; did you mean 'epochs'? declared are epochs
local args = luma.args { epochs = 5 }
print(args.epoch)
