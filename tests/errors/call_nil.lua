-- exit: 1
-- says: call_nil.lua:4: attempt to call a nil value (field 'run')
local t = {}
t.run()
