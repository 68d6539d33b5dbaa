-- exit: 1
-- says: generator_scope.lua:3: luma.center: the scope wants "feature" or "sample", got "features"; did you mean "feature"?
local g = luma.generator { luma.center "features" }
