-- Arguments of the command line: `luma run file.lua epochs=1 data=digits`.
--
-- A script may just read luma.args.epochs. Better it declares what it takes, with defaults, which
-- also gives the types:  local args = luma.args{ epochs = 5, data = "mnist" }.
-- Invariant: no argument is ignored in silence. A declaration refuses the names it does not list; where
-- there is none, an argument that the script never read is reported when the run ends.
-- In another host than the program (lua5.4 file.lua epochs=1) the words are those of its table `arg`
-- that look like arguments; the others are the host's.

local internal = require "luma.internal"
local usage = require "luma.usage"

local args = {}

local given = {}      -- name -> text as typed
local asked = {}      -- name -> true: read by the script, or declared
local script          -- as typed; nil until the arguments are known
local declared = {}   -- name -> value, of every declaration

local function fail(fmt, ...)
    internal.raise("EARG", "luma.args: " .. fmt:format(...))
end

local function take(word)
    local name, text = word:match "^([%a_][%w_]*)=(.*)$"
    if name then
        given[name] = text
    end
end

-- Before the first look at an argument, where the program did not give any.
local function ask_host()
    if script then
        return
    end
    local words = rawget(_G, "arg")
    words = type(words) == "table" and words or {}
    script = tostring(words[0] or "the script")
    for _, word in ipairs(words) do
        take(tostring(word))
    end
end

local function sorted_names(t)
    local names = {}
    for name in pairs(t) do
        names[#names + 1] = name
    end
    table.sort(names)
    return names
end

local function hint(name, known)
    local near = internal.nearest(name, known)
    return near and ("; did you mean '%s'?"):format(near) or ";"
end

local function to_number(text)
    return text:find("^[%w.+-]+$") and tonumber(text) or nil
end

-- "12" -> 12, "true" -> true, anything else stays text.
local function guess(text)
    if text == "true" or text == "false" then
        return text == "true"
    end
    return to_number(text) or text
end

-- Text -> a value of the default's type, or nil and what would have been right.
local function convert(text, default)
    local kind = math.type(default) or type(default)
    if kind == "string" then
        return text
    elseif kind == "boolean" then
        if text == "true" or text == "false" then
            return text == "true"
        end
        return nil, "true or false"
    end
    local number = to_number(text)
    if kind == "integer" then
        return number and math.tointeger(number), "an integer"
    end
    return number and number + 0.0, "a number"
end

local function check_declaration(defaults)
    if type(defaults) ~= "table" then
        fail("wants a table { name = default, ... }, got %s",
            internal.value(defaults))
    end
    for name, default in pairs(defaults) do
        local kind = type(default)
        if type(name) ~= "string" or not name:find("^[%a_][%w_]*$") then
            fail("%s is not a name; write { name = default, ... }",
                internal.value(name))
        elseif kind ~= "number" and kind ~= "string" and kind ~= "boolean" then
            fail("the default of '%s' wants a number, a string or true or "
                .. "false, got %s", name, internal.value(default))
        end
    end
end

local function declare(_, defaults)
    check_declaration(defaults)
    ask_host()
    local names = sorted_names(defaults)
    for _, name in ipairs(sorted_names(given)) do
        if defaults[name] == nil then
            usage("%s has no argument '%s'%s it takes %s", script, name, hint(name, names),
                #names > 0 and table.concat(names, ", ") or "none")
        end
    end
    local values = {}
    for _, name in ipairs(names) do
        local default = defaults[name]
        asked[name] = true
        values[name] = default
        if given[name] then
            local value, wants = convert(given[name], default)
            if value == nil then
                usage("argument %s=%s wants %s, as in %s=%s", name, given[name], wants, name,
                    tostring(default))
            end
            values[name] = value
        end
        declared[name] = values[name]
    end
    return setmetatable(values, { __index = function(_, name)
        fail("'%s' is not declared%s declared are %s", tostring(name), hint(tostring(name), names),
            table.concat(names, ", "))
    end })
end

args.object = setmetatable({}, {
    __call = declare,
    __index = function(_, name)
        ask_host()
        asked[name] = true
        return given[name] and guess(given[name])
    end,
    __newindex = function(_, name)
        fail("arguments cannot be set (got '%s')", tostring(name))
    end,
    __pairs = function()
        ask_host()
        local values = {}
        for name, text in pairs(given) do
            asked[name] = true
            values[name] = guess(text)
        end
        return next, values, nil
    end,
    __tostring = function()
        ask_host()
        local words = {}
        for _, name in ipairs(sorted_names(given)) do
            words[#words + 1] = name .. "=" .. given[name]
        end
        return table.concat(words, " ")
    end,
    __name = "luma.args",
})

-- words: { "name=value", ... }, whose form the program has checked.
function args.give(script_path, words)
    script = script_path
    for _, word in ipairs(words) do
        take(word)
    end
end

-- name -> value: what was declared, and what was given.
function args.resolved()
    local values = {}
    for name, text in pairs(given) do
        values[name] = guess(text)
    end
    for name, value in pairs(declared) do
        values[name] = value
    end
    return values
end

-- Lines about arguments that nobody read.
function args.unread()
    local lines = {}
    local names = sorted_names(asked)
    for _, name in ipairs(sorted_names(given)) do
        if not asked[name] then
            local known = #names > 0 and "it reads " .. table.concat(names, ", ") or "it reads none"
            lines[#lines + 1] = ("%s never read the argument '%s'%s %s"):format(script, name,
                hint(name, names), known)
        end
    end
    return lines
end

internal.define{
    "luma.args",
    call = args.object,
    signature = "luma.args{ name = default, ... } -> table;  luma.args.name -> value or nil",
    text = [[
The arguments of `luma run file.lua name=value ...`. Called with a table of names and defaults it gives
the values, of the defaults' types, and refuses names that are not listed (exit code 2). Without a
declaration luma.args.name is a number or true or false where the text looks like one, else a string.
In other hosts the arguments are the words name=value of the global table `arg`.]],
    example = [[
local args = luma.args{ epochs = 5, data = "digits" }
assert(args.epochs == 5)]],
}

return args
