-- exit: 1
-- says: zca_epsilon.lua:3: luma.zca: option 'epsilon' wants a number of at least 0, got -1
luma.zca { epsilon = -1 }
