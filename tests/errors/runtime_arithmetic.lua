-- exit: 1
-- says: runtime_arithmetic.lua:4: attempt to perform arithmetic on a nil value (local 'n')
local n = nil
print(n + 1)
