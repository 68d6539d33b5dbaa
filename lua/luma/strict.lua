-- Globals that nobody defined are errors: a misspelt name is nil in plain Lua, and a script then
-- trains for minutes before it trips over it.
--
-- The main part of a file may define globals by assigning to them; a function may only assign to
-- globals that exist, because there a forgotten `local` is the likelier reason.

local internal = require "luma.internal"

-- Names that can be seen from the function at `level`: its locals, its upvalues, the globals.
local function visible_names(level)
    local names = {}
    local i = 1
    local name = debug.getlocal(level, i)
    while name do
        if name:find("^[%a_]") then
            names[#names + 1] = name
        end
        i = i + 1
        name = debug.getlocal(level, i)
    end
    local f = debug.getinfo(level, "f").func
    for k = 1, debug.getinfo(f, "u").nups do
        names[#names + 1] = debug.getupvalue(f, k)
    end
    for global in next, _G do
        if type(global) == "string" then
            names[#names + 1] = global
        end
    end
    table.sort(names)
    return names
end

local function hint(name, level)
    local near = internal.nearest(name, visible_names(level + 1))
    return near and ("; did you mean '%s'?"):format(near) or ""
end

local function fail(fmt, ...)
    internal.raise("EARG", fmt:format(...))
end

local declared = {}
local lost_locals = {}

local function read_unknown(_, name)
    if declared[name] then
        return nil
    end
    name = tostring(name)
    if lost_locals[name] then
        fail("the variable '%s' is gone: at the prompt a local ends with its line; write %s = ...", name,
            name)
    end
    fail("the variable '%s' is not defined%s", name, hint(name, 3))
end

local function assign_new(globals, name, value)
    local what = debug.getinfo(2, "S").what
    if what == "main" or what == "C" or declared[name] then
        declared[name] = true
        rawset(globals, name, value)
        return
    end
    name = tostring(name)
    local text = "a function may not make the global variable '%s'; write `local %s` to keep it "
        .. "inside the function"
    fail(text .. "%s", name, name, hint(name, 3))
end

local strict = {}

function strict.start()
    setmetatable(_G, { __index = read_unknown, __newindex = assign_new, __name = "globals" })
end

-- A statement of the prompt: the locals it makes will be missed in the next one.
function strict.note_locals(text)
    local list = text:match "^%s*local%s+([%w_,%s<>]+)" or ""
    for name in list:gsub("<.->", ""):gmatch "[%a_][%w_]*" do
        lost_locals[name] = true
    end
end

return strict
