-- exit: 1
-- says: optimizer_option.lua:3: luma.adam: unknown option 'learning_rate'; did you mean 'rate'? (options: rate, beta1, beta2, epsilon)
local optimizer = luma.adam { learning_rate = 1e-3 }
