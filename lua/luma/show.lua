-- How the prompt shows values: like print, but plain tables with what is in them.

local show = {}

local MAX_ITEMS, MAX_DEPTH = 20, 3

local function is_name(key)
    return type(key) == "string" and key:find "^[%a_][%w_]*$" ~= nil
end

local describe

local function key_text(key, depth)
    return is_name(key) and key or "[" .. describe(key, depth) .. "]"
end

-- The list part, then the other keys by name.
local function describe_table(t, depth)
    local parts, others = {}, {}
    for i = 1, math.min(#t, MAX_ITEMS) do
        parts[i] = describe(t[i], depth + 1)
    end
    for key, value in next, t do
        if not (math.type(key) == "integer" and key >= 1 and key <= #t) then
            others[#others + 1] = key_text(key, depth + 1) .. " = " .. describe(value, depth + 1)
        end
    end
    table.sort(others)
    local n_hidden = #t + #others - MAX_ITEMS
    table.move(others, 1, math.max(0, MAX_ITEMS - #parts), #parts + 1, parts)
    if n_hidden > 0 then
        parts[#parts + 1] = ("... %d more"):format(n_hidden)
    end
    return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

function describe(value, depth)
    if type(value) == "string" and depth > 0 then
        return ("%q"):format(value):gsub("\\\n", "\\n")
    elseif type(value) == "table" and not getmetatable(value) and depth < MAX_DEPTH then
        return describe_table(value, depth)
    end
    return tostring(value)
end

-- One line, values separated by tabs.
function show.print(...)
    local texts = {}
    for i = 1, select("#", ...) do
        texts[i] = describe((select(i, ...)), 0)
    end
    print(table.concat(texts, "\t"))
end

return show
