-- exit: 2
-- args: epoch=1
-- says: argument_unread.lua never read the argument 'epoch'; did you mean 'epochs'? it reads epochs
print(luma.args.epochs)
