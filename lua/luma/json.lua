-- JSON: written here, so that keys are sorted and numbers short; read by jansson.
--
-- What decode gives, encode writes the same: lists carry the metatable json.list, which tells an empty
-- list from an empty object, and json.null holds the place of null in lists.

local internal = require "luma.internal"

local json = {}

json.list = { __name = "JSON list" }
json.null = setmetatable({}, { __name = "JSON null", __tostring = function() return "null" end })

-- Marks a table as a list, even an empty one.
function json.array(t)
    return setmetatable(t or {}, json.list)
end

-- The shortest digits that read back as the same number; "nan", "inf", "-inf".
function json.digits(value)
    if math.type(value) == "integer" then
        return ("%d"):format(value)
    end
    for precision = 15, 17 do
        local text = ("%%.%dg"):format(precision):format(value)
        if tonumber(text) == value then
            return text
        end
    end
    return value ~= value and "nan" or value > 0 and "inf" or "-inf"
end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

-- Bytes that are not UTF-8 become U+FFFD, one each.
function json.utf8(text)
    local parts, at = {}, 1
    while true do
        local is_good, bad = utf8.len(text, at)
        if is_good then
            parts[#parts + 1] = text:sub(at)
            return table.concat(parts)
        end
        parts[#parts + 1] = text:sub(at, bad - 1) .. "\u{FFFD}"
        at = bad + 1
    end
end

local function string_text(text)
    return '"' .. json.utf8(text):gsub('[%c"\\\127]', function(c)
        return escapes[c] or ("\\u%04x"):format(c:byte())
    end) .. '"'
end

local write

local function write_list(out, t, margin, step)
    local inner = margin and margin .. step
    for i = 1, #t do
        out[#out + 1] = (i == 1 and "[" or ",") .. (inner or "")
        write(out, t[i], inner, step)
    end
    out[#out + 1] = #t == 0 and "[]" or (margin or "") .. "]"
end

local function write_object(out, t, margin, step)
    local names = {}
    for name in next, t do
        if type(name) ~= "string" then
            error("JSON wants strings as keys, got " .. tostring(name))
        end
        names[#names + 1] = name
    end
    table.sort(names)
    local inner = margin and margin .. step
    for i, name in ipairs(names) do
        out[#out + 1] = (i == 1 and "{" or ",") .. (inner or "") .. string_text(name)
            .. (margin and ": " or ":")
        write(out, t[name], inner, step)
    end
    out[#out + 1] = #names == 0 and "{}" or (margin or "") .. "}"
end

-- Lists of plain values stay on one line.
local function is_flat(t)
    for i = 1, #t do
        if type(t[i]) == "table" and t[i] ~= json.null then
            return false
        end
    end
    return true
end

function write(out, value, margin, step)
    if type(value) == "table" and value ~= json.null then
        if getmetatable(value) == json.list or rawlen(value) > 0 then
            write_list(out, value, not is_flat(value) and margin or nil, step)
        else
            write_object(out, value, margin, step)
        end
    elseif type(value) == "string" then
        out[#out + 1] = string_text(value)
    elseif type(value) == "number" then
        out[#out + 1] = value - value == 0 and json.digits(value) or "null"
    elseif type(value) == "boolean" or value == json.null then
        out[#out + 1] = tostring(value)
    else
        error("JSON has no " .. type(value))
    end
end

-- `indent`: spaces a level; without it all stands on one line. NaN and infinities become null.
function json.encode(value, indent)
    local out = {}
    write(out, value, indent and "\n", (" "):rep(indent or 0))
    return table.concat(out)
end

-- The value, or nil and what is wrong in which line. Members that are null are left out.
function json.decode(text)
    return internal.json_decode(text, json.null, json.list)
end

return json
