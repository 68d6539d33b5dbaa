-- The arguments a pipeline file declares, read off its text: completing a command must not run a script.
--
-- What is found is the table of luma.args{ name = default, ... } as written; one that is computed is not.

local signature = require "luma.signature"

local declared = {}

-- Without line comments; a quote before the dashes is taken for the beginning of a string.
local function without_comments(text)
    return (text:gsub("[^\n]*", function(line)
        local from = 1
        while true do
            local at = line:find("--", from, true)
            if not at then
                return line
            end
            local _, n_quotes = line:sub(1, at):gsub('["\']', "")
            if n_quotes % 2 == 0 then
                return line:sub(1, at - 1)
            end
            from = at + 2
        end
    end))
end

local function plain(default)
    local quote = default:match "^[\"']"
    return quote and default:match("^" .. quote .. "(.*)" .. quote .. "$") or default
end

-- { { name, default }, ... } in the order written.
function declared.arguments(text)
    local list = {}
    for body in without_comments(text):gmatch "%f[%w_]luma%.args%s*%(?%s*(%b{})" do
        for _, item in ipairs(signature.split(body:sub(2, -2), ",")) do
            local name, default = item:match "^([%a_][%w_]*)%s*=%s*(.-)%s*$"
            if name then
                list[#list + 1] = { name, plain(default) }
            end
        end
    end
    return list
end

-- For the command line: a line "name=default" each; exit code.
function declared.print(path)
    local file, why = io.open(path, "rb")
    local text = file and file:read "a"
    if not text then
        io.stderr:write("luma: ", file and path .. ": is not a file" or why, "\n")
        return 2
    end
    file:close()
    for _, argument in ipairs(declared.arguments(text)) do
        print(argument[1] .. "=" .. argument[2])
    end
    return 0
end

return declared
