-- usage(fmt, ...): raises what was typed wrong on the command line, not in a script: it names no line of one, and the
-- program ends with exit code 2.

local usage_error = { __tostring = function(e) return e.message end }

return function(fmt, ...)
    error(setmetatable({ message = fmt:format(...), exit_code = 2 }, usage_error), 0)
end
