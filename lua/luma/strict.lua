-- Globals that nobody defined are errors: a misspelt name is nil in plain Lua, and a script then
-- trains for minutes before it trips over it.
--
-- The main part of a file may define globals by assigning to them; a function may only assign to
-- globals that exist, because there a forgotten `local` is the likelier reason. At the prompt it may.

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
local note_global -- at the prompt: is told the names that functions make global

local function read_unknown(_, name)
    if declared[name] then
        return nil
    end
    name = tostring(name)
    fail("the variable '%s' is not defined%s", name, hint(name, 3))
end

local function assign_new(globals, name, value)
    local what = debug.getinfo(2, "S").what
    local is_main = what == "main" or what == "C" or declared[name]
    if is_main or note_global then
        declared[name] = true
        rawset(globals, name, value)
        if not is_main then
            note_global(name)
        end
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

-- At the prompt functions may make globals too: what is tried there is not kept, and a name that was
-- mistyped shows when it is read.
function strict.relax(note)
    strict.start()
    note_global = note
end

return strict
