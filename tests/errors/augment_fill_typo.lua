-- exit: 1
-- says: augment_fill_typo.lua:3: luma.rotate: option 'fill' wants "nearest", "constant", "reflect", "wrap" or "tile", got "reflection"; did you mean "reflect"?
local a = luma.rotate { 15, fill = "reflection" }
