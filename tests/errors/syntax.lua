-- exit: 1
-- says: syntax.lua:5: '}' expected (to close '{' at line 3) near 'print'
local t = {
    1, 2
print(t)
