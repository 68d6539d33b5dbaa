-- luma.show, and how the prompt shows values: like print, but plain tables with what is in them.
--
-- A table is one line where that fits the terminal, else one line an item, numbers and short words
-- packed. Its depth is cut where it gets long-winded, and what is left out is counted. Nothing of a
-- value is called but __tostring, and an error in there is shown in its place.

local internal = require "luma.internal"

local show = {}

local MAX_ITEMS, MAX_DEPTH = 20, 3
local MAX_ITEMS_LINES = 100 -- of a table of several lines
local STRING_MAX = 200      -- letters of a string inside a table
local WIDTH = 100           -- where standard output is no terminal

local function is_name(key)
    return type(key) == "string" and key:find "^[%a_][%w_]*$" ~= nil
end

local function is_plain_table(value)
    local meta = debug.getmetatable(value)
    return type(value) == "table" and (meta == nil or not (meta.__tostring or meta.__name))
end

local function text_of(value)
    local ok, text = pcall(tostring, value)
    return ok and text or ("<%s whose __tostring failed: %s>"):format(type(value), tostring(text))
end

local function quote(text)
    local rest = #text - STRING_MAX
    local cut = rest > 0 and text:sub(1, utf8.offset(text, 0, STRING_MAX) - 1) or text
    local quoted = ("%q"):format(cut):gsub("\\\n", "\\n"):gsub("\\9", "\\t")
    return rest > 0 and ("%s ... %d more"):format(quoted, rest) or quoted
end

-- What is not opened up: everything but plain tables.
local function leaf(value)
    if type(value) == "string" then
        return quote(value)
    end
    local text, n = text_of(value):gsub("\n.*", " ...")
    local meta = n > 0 and debug.getmetatable(value)
    return meta and type(meta.__name) == "string" and ("<%s>"):format(meta.__name) or text
end

local rank = { number = 1, boolean = 2, string = 4 }

local function is_before(a, b)
    local ra, rb = rank[type(a)] or 3, rank[type(b)] or 3
    if ra ~= rb then
        return ra < rb
    elseif ra == 2 or ra == 3 then
        return tostring(a) < tostring(b)
    end
    return a < b
end

-- The list part's length; the other keys in order.
local function parts_of(t)
    local n = rawlen(t)
    local keys = {}
    for key in next, t do
        if not (math.type(key) == "integer" and key >= 1 and key <= n) then
            keys[#keys + 1] = key
        end
    end
    table.sort(keys, is_before)
    return n, keys
end

local function key_text(key)
    if is_name(key) then
        return key
    end
    return "[" .. (type(key) == "table" and text_of(key) or leaf(key)) .. "]"
end

local function counted(n)
    return n == 1 and "{ 1 item ... }" or ("{ %d items ... }"):format(n)
end

-- A few numbers, as a shape: no longer than their count would be.
local function is_short(t)
    local n = 0
    for _, value in next, t do
        n = n + 1
        if type(value) ~= "number" or n > 4 then
            return false
        end
    end
    return true
end

-- path: the tables that hold this one.
local one_line

local function one_line_table(t, path)
    local n, keys = parts_of(t)
    if n + #keys == 0 then
        return "{}"
    elseif path[t] then
        return "<the table it is in>"
    elseif #path >= MAX_DEPTH and not is_short(t) then
        return counted(n + #keys)
    end
    path[#path + 1], path[t] = t, true
    local parts = {}
    for i = 1, math.min(n, MAX_ITEMS) do
        parts[i] = one_line(rawget(t, i), path)
    end
    for i = 1, math.min(#keys, MAX_ITEMS - #parts) do
        parts[#parts + 1] = key_text(keys[i]) .. " = " .. one_line(rawget(t, keys[i]), path)
    end
    path[#path], path[t] = nil, nil
    local n_hidden = n + #keys - #parts
    if n_hidden > 0 then
        parts[#parts + 1] = ("... %d more"):format(n_hidden)
    end
    return "{ " .. table.concat(parts, ", ") .. " }"
end

function one_line(value, path)
    return is_plain_table(value) and one_line_table(value, path) or leaf(value)
end

-- Adds `item` to the last line where it fits.
local function pack(lines, item, margin, width)
    local last = lines[#lines]
    if last and lines.is_packed and #last + 1 + #item <= width then
        lines[#lines] = last .. " " .. item
    else
        lines[#lines + 1] = margin .. item
    end
    lines.is_packed = true
end

local layout

local function lines_of(t, path, indent, width)
    local n, keys = parts_of(t)
    local margin = (" "):rep(indent + 4)
    local lines = {}
    path[#path + 1], path[t] = t, true
    local n_shown = math.min(n + #keys, MAX_ITEMS_LINES)
    for i = 1, math.min(n, n_shown) do
        local value = rawget(t, i)
        local text = layout(value, path, indent + 4, width - indent - 5)
        if is_plain_table(value) then
            lines[#lines + 1], lines.is_packed = margin .. text .. ",", false
        else
            pack(lines, text .. ",", margin, width)
        end
    end
    for i = 1, n_shown - n do
        local key = key_text(keys[i]) .. " = "
        local text = layout(rawget(t, keys[i]), path, indent + 4, width - indent - 5 - #key)
        lines[#lines + 1] = margin .. key .. text .. ","
    end
    path[#path], path[t] = nil, nil
    if n + #keys > n_shown then
        lines[#lines + 1] = margin .. ("... %d more"):format(n + #keys - n_shown)
    end
    return lines
end

-- `width`: what is left of the line.
function layout(value, path, indent, width)
    local text = one_line(value, path)
    if #text <= width or not is_plain_table(value) or #path >= MAX_DEPTH or path[value] then
        return text
    end
    local lines = lines_of(value, path, indent, indent + width)
    return "{\n" .. table.concat(lines, "\n") .. "\n" .. (" "):rep(indent) .. "}"
end

-- The name of a function of the module, where it is one.
local function name_of(value, prefix, module)
    for name, member in pairs(internal.members(module)) do
        if rawequal(member, value) then
            return prefix .. name
        end
        local found = internal.members(member) and type(member) == "table"
            and name_of(value, prefix .. name .. ".", member)
        if found then
            return found
        end
    end
end

-- Of documented functions, whose address says nothing.
function show.signature(value)
    local name = name_of(value, "luma.", package.loaded.luma)
    local doc = name and internal.docs[name]
    return doc and doc.signature, name
end

local CONTROL = "[%c\127]"

-- Text as it is, but for what would move the cursor or change colours.
local function harmless(text)
    return (text:gsub(CONTROL, function(c)
        return (c == "\n" or c == "\t") and c or ("\\%d"):format(c:byte())
    end))
end

local function describe(value, width)
    if type(value) == "string" then
        return harmless(value)
    elseif type(value) == "function" then
        return show.signature(value) or tostring(value)
    end
    return is_plain_table(value) and layout(value, {}, 0, width) or text_of(value)
end

-- Whether print would show the same.
function show.is_plain(...)
    for i = 1, select("#", ...) do
        local value = select(i, ...)
        if is_plain_table(value) or type(value) == "function"
            or type(value) == "string" and harmless(value) ~= value then
            return false
        end
    end
    return true
end

-- Values of one line separated by tabs.
function show.print(...)
    local width = internal.columns() or WIDTH
    local texts = {}
    for i = 1, select("#", ...) do
        texts[i] = describe((select(i, ...)), width)
    end
    io.stdout:write(table.concat(texts, "\t"), "\n")
end

-- In one line, as long as it gets.
function show.line(value)
    return one_line(value, {})
end

internal.define{
    "luma.show",
    call = show.print,
    signature = "luma.show(value, ...)",
    text = "Prints values as the prompt does: like print, but tables with what is in them, over several lines where "
        .. "they do not fit the terminal; long and deep ones are cut, and what is left out is counted.",
    example = 'luma.show{ 1, 2, name="x", size={ 28, 28 } }',
}

return show
