-- What a pipeline file says of itself, read from its text; nothing of it is executed.
--
-- Which arguments it takes: the names in its one luma.args{ name = default, ... }, where that is a list of plain
-- values. Where it is not, or the file may read them in another way, the answer is nil and the run decides. A file
-- that has no word for arguments, and no way to reach what it does not name, takes none.
-- Whether it is a module, which ends by giving a value, for others to `require`.

-- Where a comment or string begins at `at`: its end. Nil where neither does. One that does not end ends the file.
local function skip(source, at)
    local from = source:match("^%-%-()", at)
    local level = source:match("^%[(=*)%[", from or at)
    if level then
        return select(2, source:find("]" .. level .. "]", from or at, true)) or #source
    elseif from then
        return (source:find("\n", from, true) or #source + 1) - 1
    end
    local quote = source:match("^[\"']", at)
    while quote do
        at = source:find("[\\\n" .. quote .. "]", at + 1)
        if not at then
            return #source
        elseif source:sub(at, at) ~= "\\" then
            return at
        end
        at = at + 1
    end
end

-- The text with every comment a blank and every string "".
local function bare(source)
    local parts, from, at = {}, 1, 1
    while true do
        at = source:find("[%-%[\"']", at)
        if not at then
            parts[#parts + 1] = source:sub(from)
            return table.concat(parts)
        end
        local last = skip(source, at)
        if last then
            parts[#parts + 1] = source:sub(from, at - 1) .. (source:find("^%-%-", at) and " " or '""')
            from = last + 1
        end
        at = (last or at) + 1
    end
end

local function names_in(fields)
    local names = {}
    for field in (fields:gsub(";", ",") .. ","):gmatch "([^,]*)," do
        local name, value = field:match "^%s*([%a_][%w_]*)%s*=%s*(.-)%s*$"
        -- A constant, a quotient of numbers, a string: nothing that commas or braces could be inside of.
        if name and value:find '^[%w_.+*/ "-]+$' then
            names[name] = true
        elseif field:find "%S" then
            return nil
        end
    end
    return names
end

local function reads_none(text)
    for _, word in ipairs{ "args", "require", "dofile", "loadfile", "load", "_G", "_ENV", "debug" } do
        if text:find("%f[%w_]" .. word .. "%f[^%w_]") then
            return false
        end
    end
    return not text:find '%[%s*""' and not text:find "luma%s*%["
end

-- Source text -> { takes = { epochs = true, ... } or nil, is_module = }.
return function(source)
    local text = bare(source:gsub("^#[^\n]*", ""))
    local fields, again
    for body in text:gmatch "%f[%w_]luma%s*%.%s*args%s*%(?%s*(%b{})" do
        fields, again = body:sub(2, -2), fields ~= nil
    end
    local last = text:match "([^\n]*%S[^\n]*)%s*$" or ""
    local takes = fields and not again and names_in(fields) or not fields and reads_none(text) and {} or nil
    return { takes = takes,
        is_module = last:find "^return%s*[%w_{(\"'%[]" ~= nil }
end
