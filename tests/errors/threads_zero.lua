-- exit: 1
-- says: threads_zero.lua:3: luma: threads wants an integer from 1 to 64, got 0
luma.threads = 0
