-- exit: 1
-- says: module_typo.lua:3: the variable 'lumma' is not defined; did you mean 'luma'?
print(lumma.version)
