-- Colours for words printed to standard output: only on a terminal, never with NO_COLOR set.

local internal = require "luma.internal"

local codes = { red = "31", green = "32" }
local no_color = os.getenv "NO_COLOR"
local is_on = internal.is_terminal(1) and not (no_color and no_color ~= "")

return function(name, word)
    return is_on and ("\27[%sm%s\27[0m"):format(codes[name], word) or word
end
