-- :save FILE: the texts of a session that ran, as a pipeline file that does and prints the same.
--
-- The session's variables are globals; in the file a `local` stays one where that makes no difference:
-- it is made once, and nothing mentioned its name before. What showed a value prints it. A text that
-- cannot stand in a file (it returns, its labels may be there twice) becomes a function or a block.
-- The file is read back as Lua before it is written.

local internal = require "luma.internal"
local prompt = require "luma.prompt"
local tokens = require "luma.tokens"

local MAX_LOCALS = 150 -- Lua has room for 200 in a function

local fn = ":save"

local function words_of(text)
    local set = {}
    for _, token in ipairs(tokens.words(text)) do
        if token.kind == "name" then
            set[token.text] = (set[token.text] or 0) + 1
        end
    end
    return set
end

-- Whether the text reads the result of an earlier one: `_` that is not just a name for what is unused.
local function reads_result(text)
    local list = tokens.words(text)
    for i, token in ipairs(list) do
        local before, behind = list[i - 1] or {}, list[i + 1] or {}
        local is_unused = before.text == "for" or before.text == "local" or behind.text == "in"
        local is_member = before.text == "." or before.text == ":"
        if token.kind == "name" and token.text == "_" and not is_unused and not is_member then
            return true
        end
    end
    return false
end

-- Whether the text returns from itself and not from a function in it; whether it has labels.
local function leaves(text)
    local open, has_label = {}, false
    for _, token in ipairs(tokens.words(text)) do
        local n = tokens.deeper(token)
        if n > 0 then
            open[#open + 1] = token.text
        elseif n < 0 then
            open[#open] = nil
        end
        has_label = has_label or token.text == "::"
        if token.kind == "keyword" and token.text == "return" then
            local is_inside = false
            for _, opener in ipairs(open) do
                is_inside = is_inside or opener == "function"
            end
            if not is_inside then
                return true, has_label
            end
        end
    end
    return false, has_label
end

-- The expression without semicolons and comments behind it.
local function bare(text)
    local list = tokens.words(text)
    local n = #list
    while n > 0 and list[n].text == ";" do
        n = n - 1
    end
    return n > 0 and text:sub(list[1].first, list[n].last) or ""
end

local function print_of(entry, is_needed, text)
    local call = entry.is_plain and "print" or "luma.show"
    if not is_needed then
        return ("%s(%s)"):format(call, text)
    elseif entry.n_values == 1 then
        return ("_ = %s\n%s(_)"):format(text, call)
    end
    return ("do\n    local results = table.pack(%s)\n    _ = results[1]\n"):format(text)
        .. ("    %s(table.unpack(results, 1, results.n))\nend"):format(call)
end

local function names_of_locals(text)
    return select(2, prompt.without_locals(text))
end

-- Names whose `local` may stay one, for all entries.
local function true_locals(entries)
    local n_made, seen, good, n = {}, {}, {}, 0
    for _, entry in ipairs(entries) do
        local words = words_of(entry.text)
        local names = entry.is_expression and {} or names_of_locals(entry.text)
        local is_dynamic = words._G or words._ENV or words.load or words.dofile or words.loadstring
        if is_dynamic then
            return {}
        end
        for _, name in ipairs(names) do
            n_made[name] = (n_made[name] or 0) + 1
            good[name] = n_made[name] == 1 and not seen[name]
            n = n + 1
        end
        for name in pairs(words) do
            seen[name] = true
        end
        for _, name in ipairs(entry.made or {}) do
            seen[name], good[name] = true, nil
        end
    end
    return n <= MAX_LOCALS and good or {}
end

local function statement(entry, is_local)
    local text = entry.text
    for _, name in ipairs(names_of_locals(text)) do
        if not is_local[name] then
            return (prompt.without_locals(text))
        end
    end
    return (text:gsub("<%s*close%s*>", ""))
end

-- Globals that the functions of an entry made: a file wants them made in its main part.
local function declarations(entry, declared)
    local lines = {}
    for _, name in ipairs(entry.made or {}) do
        if not declared[name] then
            declared[name] = true
            lines[#lines + 1] = ("%s = nil -- made inside a function\n"):format(name)
        end
    end
    return table.concat(lines)
end

-- A text that begins with a bracket would be taken for the arguments of what stands before it.
local function apart(text)
    text = text:gsub("^%s+", "")
    return text:sub(1, 1) == "(" and ";" .. text or text
end

local function written(entry, is_local, is_needed)
    if entry.is_expression then
        local text = bare(entry.text)
        return entry.n_values == 0 and apart(text) or print_of(entry, is_needed, text)
    end
    local returns, has_label = leaves(entry.text)
    if returns then
        local text = "(function()\n" .. prompt.without_locals(entry.text) .. "\nend)()"
        return entry.n_values == 0 and apart(text) or print_of(entry, is_needed, text)
    elseif has_label then
        return "do\n" .. prompt.without_locals(entry.text) .. "\nend"
    end
    return apart(statement(entry, is_local))
end

-- What stands before the session's texts: a file that ran first.
local function head(file)
    if not file then
        return ""
    end
    local words = #file.words > 0 and " -- run with " .. table.concat(file.words, " ") or ""
    local call = file.is_good and "dofile(%q)%s\n" or "pcall(dofile, %q)%s -- failed in the session, too\n"
    return call:format(file.path, words)
end

local function compose(entries, is_local)
    local parts, declared = { head(prompt.file) }, {}
    for i, entry in ipairs(entries) do
        local is_needed = false
        for k = i + 1, entry.n_values > 0 and #entries or 0 do
            if reads_result(entries[k].text) then
                is_needed = true
            end
            if is_needed or entries[k].n_values > 0 then
                break
            end
        end
        parts[#parts + 1] = declarations(entry, declared) .. written(entry, is_local, is_needed) .. "\n"
    end
    return table.concat(parts)
end

return function(path)
    local entries = prompt.entries
    local text = compose(entries, true_locals(entries))
    if not load(text, "=" .. path, "t") then
        text = compose(entries, {})
    end
    local chunk, message = load(text, "=" .. path, "t")
    if not chunk then
        error("the session cannot be written as one file: " .. message, 0)
    end
    internal.write(fn, path, "-- A session at the prompt: luma run " .. path .. "\n" .. text)
    print(("%d of this session's texts written to %s; luma run %s does the same"):format(#entries, path, path))
end
