-- What the Tab key offers: complete(text, cursor) -> where the completed word begins, list of words.
--
-- Nothing of the user's is run: values are looked up with rawget and in the members of our own types,
-- and what a call would give is read off its signature. Options and their choices come from the docs.

local internal = require "luma.internal"
local tokens = require "luma.tokens"

local complete = {}

-- --- what a chain of names stands for: { value=, type=, doc= }, what is known of the three ---

local function doc_of(name)
    return name and internal.docs[name]
end

-- "flow.dataset -> dataset" -> "dataset". The objects of luma.keras are not the engine's.
local function type_of_result(doc)
    local result = doc and not doc.name:find "^luma%.keras%.I" and doc.signature:match "%->%s*([^,;|]*)"
    local word = result and result:match "(%a+)%s*$"
    word = (word == "train" or word == "test") and "dataset" or word
    return word and (internal.members(word) or internal.docs[word]) and word
end

-- Members of a type: of the engine's own, or of one that is known by its docs alone.
local function members_of_type(name)
    local members = internal.members(name)
    if members then
        return members
    end
    members = {}
    for doc in pairs(internal.docs) do
        local sign, member = doc:match("^" .. name .. "([.:])(.*)$")
        if member then
            members[member] = sign == ":" and "method" or "field"
        end
    end
    return members
end

-- Keys of a table and of the tables its metatable's __index leads to.
local function each_key(t, visit)
    for _ = 1, 8 do
        for key, value in next, t do
            if type(key) == "string" then
                visit(key, value)
            end
        end
        local meta = debug.getmetatable(t)
        t = meta and rawget(meta, "__index")
        if type(t) ~= "table" then
            return
        end
    end
end

local function type_of(thing)
    local value = thing.value
    if type(value) == "userdata" then
        return select(2, internal.members(value))
    elseif type(value) == "table" then
        local meta = debug.getmetatable(value)
        local name = meta and rawget(meta, "__name")
        return name == "history" and name
    end
    return value == nil and thing.type
end

local function member(thing, name)
    local kind = type_of(thing)
    if kind then
        local what = members_of_type(kind)[name]
        local doc = doc_of(kind .. (what == "method" and ":" or ".") .. name)
        return what and { doc = doc, type = what == "field" and type_of_result(doc) or nil }
    elseif type(thing.value) == "string" then
        return { value = rawget(string, name) }
    elseif type(thing.value) ~= "table" then
        return nil
    end
    local members, module = internal.members(thing.value)
    local found
    if members then
        found = members[name]
        return found ~= nil and { value = found, doc = doc_of(module .. "." .. name) } or nil
    end
    each_key(thing.value, function(key, value)
        if key == name and found == nil then
            found = value
        end
    end)
    return found ~= nil and { value = found } or nil
end

-- A function that was given another name: `conv = luma.nn.conv`.
local function with_doc(thing)
    if thing and not thing.doc and type(thing.value) == "function" then
        local _, name = require("luma.show").signature(thing.value)
        thing.doc = doc_of(name)
    end
    return thing
end

-- Index of the bracket that the one at `i` closes.
local function opening(list, i)
    local depth = 0
    for k = i, 1, -1 do
        depth = depth + tokens.deeper(list[k])
        if depth == 0 then
            return k
        end
    end
end

local resolve

local function is_end_of_value(token)
    return token and (token.kind == "name" or token.kind == "string" or token.text == ")" or token.text == "}"
        or token.text == "]")
end

local function resolve_call(list, i)
    local first = list[i].kind == "string" and i or opening(list, i)
    if not first or not is_end_of_value(list[first - 1]) then
        return first == i - 2 and resolve(list, i - 1) or nil
    end
    local thing = with_doc(resolve(list, first - 1))
    local name = thing and type_of_result(thing.doc)
    return name and { type = name }
end

local function resolve_index(list, i)
    local key = list[i - 1]
    local thing = list[i - 2] and list[i - 2].text == "[" and resolve(list, i - 3)
    if not thing or type(thing.value) ~= "table" then
        return nil
    end
    local index = key.kind == "number" and tonumber(key.text) or key.kind == "string" and key.text:sub(2, -2)
    local value = index and rawget(thing.value, index)
    return value ~= nil and { value = value } or nil
end

-- What the expression that ends with token `i` stands for, or nil.
function resolve(list, i)
    local token = list[i]
    if not token then
        return nil
    elseif token.text == ")" or token.text == "}" then
        return resolve_call(list, i)
    elseif token.text == "]" then
        return resolve_index(list, i)
    elseif token.kind == "string" then
        return is_end_of_value(list[i - 1]) and resolve_call(list, i) or { value = token.text }
    elseif token.kind ~= "name" then
        return nil
    end
    local sign = list[i - 1]
    if sign and (sign.text == "." or sign.text == ":") then
        local thing = resolve(list, i - 2)
        return thing and member(thing, token.text)
    end
    local value = rawget(_G, token.text)
    return value ~= nil and { value = value } or nil
end

-- --- where the cursor is ---

-- Index of the innermost bracket or block that is open after the last token, and of the next one.
local function innermost(list)
    local open = {}
    for i, token in ipairs(list) do
        local n = tokens.deeper(token)
        if n > 0 then
            open[#open + 1] = i
        elseif n < 0 then
            open[#open] = nil
        end
    end
    return open[#open], open[#open - 1]
end

-- The docs of the function whose arguments the bracket at `at` holds: f{ , f( , f(x, { .
local function callee(list, at, around)
    local before = list[at - 1]
    if not before then
        return nil
    elseif list[at].text == "{" and (before.text == "(" or before.text == ",") then
        if not around or list[around].text ~= "(" then
            return nil
        end
        at = around
    end
    local thing = is_end_of_value(list[at - 1]) and with_doc(resolve(list, at - 1))
    return thing and thing.doc
end

local function option_of(doc, name)
    for _, option in ipairs(doc and doc.options or {}) do
        if option.name == name then
            return option
        end
    end
end

-- Names of options given already at this level.
local function given(list, at)
    local names = {}
    local depth = 0
    for i = at + 1, #list - 1 do
        depth = depth + tokens.deeper(list[i])
        if depth == 0 and list[i].kind == "name" and list[i + 1].text == "=" then
            names[list[i].text] = true
        end
    end
    return names
end

-- --- words ---

local function sorted(set, prefix)
    local words = {}
    for word in pairs(set) do
        if word:sub(1, #prefix) == prefix and (prefix ~= "" or word:sub(1, 1) ~= "_") then
            words[#words + 1] = word
        end
    end
    table.sort(words)
    return words
end

local function member_words(list, word)
    local thing = resolve(list, #list - 1)
    local is_method = list[#list].text == ":"
    local set = {}
    local kind = thing and type_of(thing)
    if kind then
        for name, what in pairs(members_of_type(kind)) do
            set[name] = (what == "method") == is_method or nil
        end
    elseif thing and type(thing.value) == "string" then
        each_key(string, function(name) set[name] = true end)
    elseif thing and type(thing.value) == "table" then
        for name in pairs(internal.members(thing.value) or {}) do
            set[name] = true
        end
        if not internal.members(thing.value) then
            each_key(thing.value, function(name, value)
                local is_callable = type(value) == "function"
                set[name] = name:find "^[%a_][%w_]*$" and (is_callable or not is_method) or nil
            end)
        end
    end
    return sorted(set, word)
end

local function name_words(list, word)
    local set = {}
    for name in next, _G do
        if type(name) == "string" and name:find "^[%a_][%w_]*$" then
            set[name] = true
        end
    end
    for _, token in ipairs(list) do
        if token.kind == "name" then
            set[token.text] = true
        end
    end
    if word ~= "" then
        for keyword in pairs(tokens.keywords) do
            set[keyword] = true
        end
    end
    return sorted(set, word)
end

-- Values an option can have, where few are possible.
local function value_words(option, word)
    local set = {}
    if option.kind == "choice" then
        for _, choice in ipairs(option.choices) do
            set['"' .. choice .. '"'] = word == "" or nil
        end
    elseif option.kind == "boolean" then
        set["true"], set["false"] = true, true
    elseif internal.members(option.kind or "") then
        for name, value in next, _G do
            set[name] = select(2, internal.members(value)) == option.kind and type(value) == "userdata" or nil
        end
        for name, doc in pairs(internal.docs) do
            if name:find "^luma%." and type_of_result(doc) == option.kind then
                set[name] = true
            end
        end
    end
    return sorted(set, word)
end

local function option_words(doc, used, word)
    local set = {}
    for _, option in ipairs(doc and doc.options or {}) do
        if not used[option.name] then
            set[option.name .. "="] = true
        end
    end
    return sorted(set, word)
end

-- --- inside strings ---

-- A name as it is written between quotes; "" stands for long brackets and commands, which have no escapes.
local function escaped(name, quote)
    if quote == "" then
        return name
    end
    return (name:gsub("[\\%c" .. quote .. "]", function(c)
        return c:find "%c" and ("\\%03d"):format(c:byte()) or "\\" .. c
    end))
end

-- Where the last part of the path begins, its candidates; files get `close`, the quote that is missing.
local function file_words(path, quote, close)
    local folder, base = path:match "^(.*/)([^/]*)$"
    folder, base = folder or "", base or path
    local place = quote == "" and folder or folder:gsub("\\([^%w])", "%1")
    local words, labels = {}, {}
    for _, name in ipairs(internal.list_folder(place == "" and "." or place) or {}) do
        local written = escaped(name, quote)
        if written:sub(1, #base) == base and (base ~= "" or name:sub(1, 1) ~= ".") then
            local is_folder = internal.file_kind(place .. name) == "folder"
            words[#words + 1] = written .. (is_folder and "/" or close)
            labels[#labels + 1] = written .. (is_folder and "/" or "")
        end
    end
    return #folder, words, labels
end

-- Words in quotes of a signature that are not an option's default: luma.flip "horizontal"|"vertical".
local function words_of_signature(doc)
    local set = {}
    for sign, choice in doc.signature:gmatch '(.)"([%w_]+)"' do
        set[choice] = sign ~= "=" or nil
    end
    return set
end

local function fixed_strings(list)
    local before = list[#list]
    local set = {}
    local doc
    if before and before.text == "=" and list[#list - 1].kind == "name" then
        local at, around = innermost(list)
        local option = at and list[at].text == "{" and option_of(callee(list, at, around), list[#list - 1].text)
        for _, choice in ipairs(option and option.choices or {}) do
            set[choice] = true
        end
        return set, option and option.choices ~= nil
    elseif is_end_of_value(before) then
        local thing = with_doc(resolve(list, #list))
        doc = thing and thing.doc
    elseif before and (before.text == "(" or before.text == "{") then
        doc = callee(list, #list, select(2, innermost(list)))
    end
    if doc and doc.name == "luma.dataset.open" then
        for _, name in ipairs(require("luma.open").names) do
            set[name] = true
        end
    end
    return doc and next(set) == nil and words_of_signature(doc) or set
end

local function string_words(list, token, behind)
    local quote = token.text:match "^[\"']" or ""
    local typed = token.text:sub(#(token.text:match "^%[=*%[" or quote) + 1)
    local close = behind:sub(1, #quote) == quote and "" or quote
    local set, is_only = fixed_strings(list)
    local words, labels = sorted(set, typed), {}
    for i, word in ipairs(words) do
        words[i], labels[i] = word .. close, word
    end
    if #words > 0 or is_only then
        return token.last - #typed + 1, words, labels
    end
    local n_folder
    n_folder, words, labels = file_words(typed, quote, close)
    return token.last - #typed + 1 + n_folder, words, labels
end

-- --- what is not Lua: ?name, :command ---

local function help_words(word)
    local set = {}
    for name in pairs(internal.docs) do
        set[name] = true
        set[name:match "^luma%.(.*)$" or name] = true
    end
    return sorted(set, word)
end

local function command_words(before)
    local word = before:match "^%s*%?%s*([%w_.:]*)$"
    if word then
        return #before - #word + 1, help_words(word)
    end
    word = before:match "^%s*:(%a*)$"
    if word then
        local set = {}
        for _, command in ipairs(require("luma.prompt_commands").list) do
            set[command.name] = true
        end
        return #before - #word + 1, sorted(set, word)
    end
    local path = before:match "^%s*:%a+%s+(%S*)$"
    if path then
        local n_folder, words, labels = file_words(path, "", "")
        return #before - #path + 1 + n_folder, words, labels
    end
end

-- --- the whole ---

local function words_at(list, word)
    local last = list[#list]
    if last and (last.text == "." or last.text == ":") and #list > 1 then
        return member_words(list, word)
    end
    local at, around = innermost(list)
    local is_table = at and list[at].text == "{"
    local words = {}
    if is_table and (last.text == "{" or last.text == "," or last.text == ";") then
        words = option_words(callee(list, at, around), given(list, at), word)
    elseif is_table and last.text == "=" and list[#list - 1].kind == "name" then
        local option = option_of(callee(list, at, around), list[#list - 1].text)
        words = option and value_words(option, word) or {}
    end
    return #words > 0 and words or name_words(list, word)
end

-- text, and the number of its bytes before the cursor -> first byte of the word there, words it may
-- become, and how lists show them where that differs.
function complete.complete(text, cursor)
    local before, behind = text:sub(1, cursor), text:sub(cursor + 1)
    local first, words, labels = command_words(before)
    if first then
        return first, words, labels
    end
    local list = tokens.list(before)
    local last = list[#list]
    local is_touching = last and last.last == #before
    if last and last.is_open and last.kind == "string" then
        list[#list] = nil
        return string_words(list, last, behind)
    elseif is_touching and (last.kind == "comment" or last.kind == "number" or last.kind == "string") then
        return cursor + 1, {}
    end
    local word = ""
    if is_touching and (last.kind == "name" or last.kind == "keyword") then
        word, list[#list] = last.text, nil
    end
    return cursor - #word + 1, words_at(list, word)
end

return complete
