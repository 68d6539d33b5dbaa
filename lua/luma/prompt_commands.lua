-- What can be typed at the prompt and is not Lua: ?name, and commands that begin with a colon.

local internal = require "luma.internal"

local commands = {}

local function fail(fmt, ...)
    error(fmt:format(...), 0)
end

local function want_nothing(name, rest)
    if rest ~= "" then
        fail(":%s takes nothing behind it, got '%s'", name, rest)
    end
end

-- --- ?name ---

local function is_type(name)
    local _, kind = internal.members(name)
    return kind ~= nil
end

-- The name in the docs of what a variable holds: "train:split" -> "dataset:split".
local function name_by_value(word)
    local root, rest = word:match "^([%a_][%w_]*)(.*)$"
    local value = root and rawget(_G, root)
    local _, kind = internal.members(value)
    if value ~= nil and type(value) == "userdata" and kind then
        return kind .. rest, value
    elseif type(value) == "function" and rest == "" then
        local _, name = require("luma.show").signature(value)
        return name, value
    elseif type(value) == "table" and kind then
        return kind .. rest, value
    end
    return nil, value
end

-- Functions that come with Lua: their place in its manual.
local function manual(word)
    local library, name = word:match "^([%a]%w*)%.(%w+)$"
    local t = library and rawget(_G, library) or _G
    local is_lua = type(t) == "table" and not internal.members(t) and type(rawget(t, name or word)) == "function"
    local known = { string = 1, table = 1, math = 1, io = 1, os = 1, coroutine = 1, utf8 = 1, debug = 1, package = 1 }
    if is_lua and (known[library] or not library and debug.getinfo(rawget(_G, word), "S").what == "C") then
        return ("%s belongs to Lua: https://www.lua.org/manual/5.4/manual.html#pdf-%s"):format(word, word)
    end
end

local function explain(word)
    local help = require "luma.help"
    local name, value = name_by_value(word)
    if name and internal.docs[name] then
        if type(value) == "userdata" and is_type(name) then
            print(("%s = %s\n"):format(word, require("luma.show").line(value)))
        end
        print(help.of(name))
        return
    end
    local text, why = not help.is_known(word) and manual(word) or nil, nil
    if not text then
        text, why = help.text(word)
    end
    if not text then
        fail("%s", why)
    end
    print(text)
end

-- --- commands ---

local function print_help()
    print [[
EXPRESSION         shows its value; _ is the last result (of several the first)
STATEMENT          runs it; a `local` on its own stays for the session
?NAME              what a function, method or variable is; ?WORD searches the help
:help              this text
:vars              the variables of this session
:save FILE         the session so far as a pipeline file: luma run FILE
:quit              leaves, as Ctrl-D does

Tab completes, twice lists. Enter runs a text that is whole and breaks the line in one that is not;
Alt-Enter always breaks it. Up and Down find older texts, Ctrl-R searches them, PageUp finds those that
hold what is typed. Ctrl-C stops what runs, or drops what was typed.]]
end

-- What every Lua program has, and luma.
local function is_given(name)
    return name == "luma" or name == "_" or package.loaded[name] ~= nil
        or type(rawget(_G, name)) == "function" and debug.getinfo(rawget(_G, name), "S").what == "C"
end

local function print_variables()
    local show = require "luma.show"
    local names, width = {}, 0
    for name in next, _G do
        if type(name) == "string" and not is_given(name) and name ~= "_VERSION" then
            names[#names + 1] = name
            width = math.max(width, #name)
        end
    end
    table.sort(names)
    local columns = internal.columns() or 100
    for _, name in ipairs(names) do
        local text = show.line(rawget(_G, name))
        local room = math.max(20, columns - width - 3)
        if utf8.len(text) and utf8.len(text) > room then
            text = text:sub(1, utf8.offset(text, room - 3) - 1) .. "..."
        end
        print(("%-" .. width .. "s = %s"):format(name, text))
    end
    if #names == 0 then
        print "no variables yet"
    end
end

commands.list = {
    { name = "help", run = function(rest)
        want_nothing("help", rest)
        print_help()
    end },
    { name = "quit", run = function(rest)
        want_nothing("quit", rest)
        os.exit(true)
    end },
    { name = "save", run = function(rest)
        if rest == "" then
            fail ":save wants the name of a file, as in :save session.lua"
        end
        require("luma.prompt_save")(rest)
    end },
    { name = "vars", run = function(rest)
        want_nothing("vars", rest)
        print_variables()
    end },
}

local function run_command(name, rest)
    local names = {}
    for i, command in ipairs(commands.list) do
        if command.name == name then
            return command.run(rest)
        end
        names[i] = command.name
    end
    local near = internal.nearest(name, names)
    fail("there is no command :%s%s", name, near and ("; did you mean :%s?"):format(near)
        or "; there are :" .. table.concat(names, ", :"))
end

-- text: "?name", "name?" or ":command ...".
function commands.run(text)
    local word = text:match "^%s*%?%s*(.-)%s*$" or text:match "^%s*([%w_.:]+)%?%s*$"
    if word == "" then
        return print_help()
    elseif word then
        return explain(word)
    end
    local name, rest = text:match "^%s*:%s*(%S*)%s*(.-)%s*$"
    return run_command(name, rest)
end

return commands
