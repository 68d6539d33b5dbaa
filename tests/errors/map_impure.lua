-- exit: 1
-- says: map_impure.lua:4: luma.map (map_impure.lua:4): the function gave 1 and then 257 for 0; it must depend on its argument alone
local n = 0
luma.generator { luma.map(function(x)
    n = n + 1
    return n
end) }
