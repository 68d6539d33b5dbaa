-- What a docstring's signature says, taken apart: "luma.nn.conv{ filters, kernel=3 } -> layer".
--
-- A signature is one form of a call or several, each beginning with the function's whole name. Editors,
-- completions and the manual are made of what is found here, so the signature is the one place where
-- parameters and results are written down.

local signature = {}

local CLOSING = { ["("] = ")", ["["] = "]", ["{"] = "}" }

local function trim(text)
    return text:match "^%s*(.-)%s*$"
end

-- The text cut at `separator` (a plain string) wherever it stands outside brackets and quotes.
function signature.split(text, separator)
    local parts, first, i, ends = {}, 1, 1, {}
    while i <= #text do
        local c = text:sub(i, i)
        if c == ends[#ends] then
            ends[#ends] = nil
        elseif c == '"' then
            ends[#ends + 1] = c
        elseif ends[#ends] ~= '"' and CLOSING[c] then
            ends[#ends + 1] = CLOSING[c]
        elseif #ends == 0 and text:sub(i, i + #separator - 1) == separator then
            parts[#parts + 1] = trim(text:sub(first, i - 1))
            i = i + #separator - 1
            first = i + 1
        end
        i = i + 1
    end
    parts[#parts + 1] = trim(text:sub(first))
    return #parts == 1 and parts[1] == "" and {} or parts
end

-- "x, y [, w]" -> "x, y, [w]"
local function list(text)
    return signature.split((text:gsub("%s*%[,%s*(.-)%s*%]", ", [%1]")), ",")
end

-- "kernel=3" -> { name = "kernel", default = "3", is_optional = true }
local function argument(text)
    local name, default = text:match "^([%a_][%w_]*)%s*=%s*(.*)$"
    if name then
        return { name = name, default = default ~= "" and default or nil, is_optional = true }
    end
    local inner = text:match "^%[(.*)%]$"
    local type_text = inner or text
    if type_text:find "^{" then
        local items = {}
        for _, item in ipairs(list(type_text:match "^{(.*)}$")) do
            items[#items + 1] = argument(item)
        end
        return { items = items, is_optional = inner ~= nil, type = type_text }
    end
    return { name = type_text:match "[%a_][%w_]*" or type_text, type = type_text, is_optional = inner ~= nil }
end

local function arguments(text)
    local result = {}
    for _, part in ipairs(list(text)) do
        result[#result + 1] = argument(part)
    end
    return result
end

-- One form, from behind the name to the end.
local function form_of(text)
    local form = {}
    local inside = text:match "^%b()"
    if inside then
        form.arguments = arguments(inside:sub(2, -2))
    else
        inside = text:match "^%b{}"
        if inside then
            form.arguments = { argument(inside) }
        else
            inside = text:match '^%s+"[^;]-"%f[%s;\0]'
            form.arguments = inside and { { name = "word", type = trim(inside) } }
        end
    end
    local rest = text:sub(#(inside or "") + 1)
    form.is_assignment = rest:find "^%s*=" ~= nil
    local results = rest:match "^%s*%->%s*(.*)$"
    form.results = results and list(signature.split(results:gsub("%s+or%s*$", ""), ";")[1]) or {}
    return form
end

-- { { arguments = { { name, type, default, is_optional, items }, ... } or nil for a field,
--     results = { "tensor", "[w]" }, is_assignment, variables = { "x", "y" } of a loop }, ... }
function signature.forms(text, name)
    local starts, from = {}, 1
    while true do
        local first, last = text:find(name, from, true)
        if not first then
            break
        end
        if not text:find("^[%w_.:]", last + 1) then
            starts[#starts + 1] = { first, last }
        end
        from = last + 1
    end
    local forms = {}
    for i, start in ipairs(starts) do
        local stop = starts[i + 1] and starts[i + 1][1] - 1 or #text
        forms[i] = form_of(text:sub(start[2] + 1, stop))
    end
    local variables = text:match "^for (.-) in "
    if variables and forms[1] then
        forms[1].variables = list(variables)
    end
    return forms
end

return signature
