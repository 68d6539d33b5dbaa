-- exit: 1
-- says: global_in_function.lua:4: a function may not make the global variable 'total'; write `local total` to keep it inside the function
local function count()
    total = 1
end
count()
