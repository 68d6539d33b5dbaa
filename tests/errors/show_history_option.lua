-- exit: 1
-- says: show_history_option.lua:4: history:show: unknown option 'rows'; the options are columns
local h = require("luma.history").new()
h:show{ rows = 3 }
