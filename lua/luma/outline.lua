-- What a pipeline file says of itself, read from its text; nothing of it is executed.

local files = require "luma.files"
local tokens = require "luma.tokens"

local outline = {}

-- A first line "#!..." is not Lua's; it stays as blanks, so that places are those of the file.
local function words_of(source)
    return tokens.words((source:gsub("^#[^\n]*", function(line) return (" "):rep(#line) end)))
end

local function is(token, ...)
    for i = 1, select("#", ...) do
        if token and token.kind ~= "string" and token.text == select(i, ...) then
            return true
        end
    end
    return false
end

-- The place of the brace of a luma.args{ or luma.args({ that begins at word i, or nil.
local function brace_at(list, i)
    if is(list[i], "luma") and is(list[i + 1], ".") and is(list[i + 2], "args") then
        local at = is(list[i + 3], "(") and i + 4 or i + 3
        return is(list[at], "{") and at or nil
    end
end

-- A constant, a quotient of numbers, a string: what can be read without running anything.
local function is_plain(token)
    return token.kind == "number" or token.kind == "string" or token.kind == "name"
        or is(token, "true", "false", "+", "-", "*", "/", ".", "..")
end

-- Adds { name, default } for each field of the table that opens at word `at`; false when there is more in it than
-- names and plain values.
local function read_fields(source, list, at, arguments)
    local all_plain = true
    local i = at + 1
    while list[i] and not is(list[i], "}") do
        local name = list[i].kind == "name" and is(list[i + 1], "=") and list[i].text
        local first = name and i + 2 or i
        local depth = 0
        i = first
        while list[i] and not (depth == 0 and is(list[i], ",", ";", "}")) do
            depth = depth + tokens.deeper(list[i])
            all_plain = all_plain and name ~= false and is_plain(list[i])
            i = i + 1
        end
        if name and i > first then
            local text = source:sub(list[first].first, list[i - 1].last)
            local is_string = i == first + 1 and text:find "^([\"']).*%1$"
            arguments[#arguments + 1] = { name, is_string and text:sub(2, -2) or text }
        end
        i = is(list[i], "}") and i or i + 1
    end
    return all_plain
end

-- Ways to arguments, or to code of other files that may take them.
local doors = { args = true, require = true, dofile = true, loadfile = true, load = true, _G = true, _ENV = true,
    debug = true }

local function reads_none(list)
    for i, token in ipairs(list) do
        local is_door = token.kind == "name" and doors[token.text]
        if is_door or is(token, "[") and (is(list[i - 1], "luma") or list[i + 1] and list[i + 1].kind == "string") then
            return false
        end
    end
    return true
end

-- A file that ends by giving a value is for others to `require`. The last line alone is looked at.
local function is_module(source, list)
    local last = list[#list]
    local line = last and #(source:sub(1, last.last):match "^(.*\n)" or "") or 0
    for i = #list, 1, -1 do
        if list[i].first > line and (i == 1 or list[i - 1].first <= line) then
            return is(list[i], "return") and i < #list
        end
    end
    return false
end

-- Source text -> { arguments = list of { name, default as written, a string without its quotes } of every
-- luma.args{ name = default, ... };
-- takes = { epochs = true, ... }, the names in the one there is; nil where there are several, where values are
-- computed, or where arguments may be read in another way: the run decides. A file that has no word for arguments,
-- and no way to reach what it does not name, takes none;
-- is_module }.
function outline.of(source)
    local list = words_of(source)
    local arguments, n, all_plain = {}, 0, true
    for i in ipairs(list) do
        local brace = brace_at(list, i)
        if brace then
            n = n + 1
            all_plain = read_fields(source, list, brace, arguments) and all_plain
        end
    end
    local takes
    if n == 1 and all_plain then
        takes = {}
        for _, argument in ipairs(arguments) do
            takes[argument[1]] = true
        end
    elseif n == 0 and reads_none(list) then
        takes = {}
    end
    return { arguments = arguments, takes = takes, is_module = is_module(source, list) }
end

-- luma help --arguments FILE: a line "name=default" each; exit code.
function outline.print(path)
    local text, why = files.read(path)
    if not text then
        io.stderr:write("luma: ", why:find(path, 1, true) == 1 and why or path .. ": is not a file", "\n")
        return 2
    end
    for _, argument in ipairs(outline.of(text).arguments) do
        print(argument[1] .. "=" .. argument[2])
    end
    return 0
end

return outline
