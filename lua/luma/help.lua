-- luma help and luma.help(): everything comes from the docstrings that stand beside the functions.

local internal = require "luma.internal"

local help = {}

local INDENT = "    "
local WIDTH = 84
local SUMMARY = 70

local function indent(text)
    return INDENT .. (text:gsub("\n", "\n" .. INDENT))
end

-- Breaks text into lines of at most `width` characters; an empty line stays a paragraph's end.
local function wrap(text, width)
    local lines, line = {}, nil
    for word in text:gsub("\n\n", " \0 "):gmatch "%S+" do
        if word == "\0" then
            lines[#lines + 1] = (line or "") .. "\n"
            line = nil
        elseif line and #line + 1 + #word > width then
            lines[#lines + 1] = line
            line = word
        else
            line = line and line .. " " .. word or word
        end
    end
    lines[#lines + 1] = line
    return table.concat(lines, "\n")
end

local function sorted(names)
    table.sort(names)
    return names
end

-- "luma.nn.conv" -> "luma.nn";  "dataset:image", "dataset.shape" -> "dataset"
local function group_of(name)
    return name:match("^(.*)[.:][^.:]*$") or name
end

function help.first_sentence(text)
    text = (text or ""):gsub("%s+", " ")
    return text:match "^(.-%.)%s" or text
end

local function summary(doc)
    local text = help.first_sentence(doc.text)
    return #text > SUMMARY and text:sub(1, SUMMARY):match "^(.*)%s" .. " ..." or text
end

local function list(names)
    local lines = {}
    for _, name in ipairs(sorted(names)) do
        lines[#lines + 1] = ("  %-28s %s"):format(name, summary(internal.docs[name]))
    end
    return table.concat(lines, "\n")
end

local function members_of(group)
    local names = {}
    for name in pairs(internal.docs) do
        if name ~= group and group_of(name) == group then
            names[#names + 1] = name
        end
    end
    return names
end

-- Docs from C say `wants` and `initial`, specs of the Lua side `kind` and `default`.
local function option_lines(o)
    local wants = o.wants or o.kind
    if not o.wants and o.choices then
        wants = "\"" .. table.concat(o.choices, "\", \"") .. "\""
    elseif not o.wants and o.kind == "integer" and o.min and o.max then
        wants = ("an integer from %d to %d"):format(o.min, o.max)
    end
    local initial = o.initial or o.default ~= nil and tostring(o.default)
    if initial then
        wants = wants .. (initial == "required" and "; required" or "; default " .. initial)
    end
    local margin = (" "):rep(15)
    local text = wrap((o.text or "") .. "\n\n" .. wants, WIDTH - #margin):gsub("\n+", "\n" .. margin)
    return ("%-14s %s"):format(o.name, text)
end

local function describe(doc)
    local parts = { doc.signature or doc.name }
    if doc.text then
        parts[#parts + 1] = "\n" .. indent(wrap(doc.text, WIDTH))
    end
    if doc.options and #doc.options > 0 then
        local lines = {}
        for _, o in ipairs(doc.options) do
            lines[#lines + 1] = option_lines(o)
        end
        parts[#parts + 1] = "\nOptions\n" .. indent(table.concat(lines, "\n"))
    end
    if doc.example then
        parts[#parts + 1] = "\nExample\n" .. indent(doc.example)
    end
    local members = members_of(doc.name)
    if #members > 0 then
        parts[#parts + 1] = "\nFields and methods\n" .. list(members)
    end
    return table.concat(parts, "\n")
end

-- The module and its namespaces before the kinds of objects.
local function is_before(a, b)
    local is_a, is_b = a:find("^luma") ~= nil, b:find("^luma") ~= nil
    if is_a ~= is_b then
        return is_a
    end
    return a < b
end

-- All names of the docs: list of { name of the group, its names, sorted }.
function help.groups()
    local groups, by_name = {}, {}
    for name in pairs(internal.docs) do
        local group = group_of(name)
        if not by_name[group] then
            by_name[group] = {}
            groups[#groups + 1] = { group, by_name[group] }
        end
        table.insert(by_name[group], name)
    end
    table.sort(groups, function(a, b) return is_before(a[1], b[1]) end)
    for _, group in ipairs(groups) do
        table.sort(group[2])
    end
    return groups
end

local function overview()
    local parts = {}
    for i, group in ipairs(help.groups()) do
        parts[i] = group[1] .. "\n" .. list(group[2])
    end
    return table.concat(parts, "\n\n") .. "\n\n`luma help NAME` says more about each."
end

-- Every name the user may mean: the full one, one without "luma.", or its last part.
local function find(word)
    if internal.docs[word] or internal.docs["luma." .. word] then
        return { internal.docs[word] and word or "luma." .. word }
    end
    local found = {}
    for name in pairs(internal.docs) do
        if name:match("([^.:]*)$") == word:match("([^.:]*)$") and name:sub(-#word) == word then
            found[#found + 1] = name
        end
    end
    return sorted(found)
end

-- For the prompt: whether there is help on exactly this; the help on one full name alone.
function help.is_known(word)
    return #find(word) > 0 or #members_of("luma." .. word) > 0
end

function help.of(name)
    return describe(internal.docs[name])
end

local function nearest(word)
    local names = {}
    for name in pairs(internal.docs) do
        names[#names + 1] = name
        names[#names + 1] = name:match("([^.:]*)$")
    end
    return internal.nearest(word, sorted(names))
end

help.overview = overview

-- The text for `word` (nil: where to begin), or nil and why there is none.
function help.text(word)
    if not word or word == "" then
        return require "luma.tour"
    end
    local parts = {}
    local members = members_of("luma." .. word)
    if #members > 0 then
        parts[1] = "luma." .. word .. "\n" .. list(members)
    end
    for _, name in ipairs(find((word:gsub("%(.*$", "")))) do
        parts[#parts + 1] = describe(internal.docs[name])
    end
    if #parts == 0 then
        local found = require "luma.search"(internal.docs, word)
        if #found > 0 then
            return ("nothing is called '%s'; these speak of it:\n\n"):format(word) .. list(found)
        end
        local near = nearest(word)
        return nil, ("there is no help on '%s'%s"):format(word,
            near and ("; did you mean '%s'?"):format(near) or "; `luma help --all` lists all names")
    end
    return table.concat(parts, "\n\n")
end

-- For the command line: true when there was something to print.
function help.command(word)
    local text, why = help.text(word)
    if text then
        print(text)
        return true
    end
    io.stderr:write("luma: ", why, "\n")
    return false
end

internal.define{
    "luma.help",
    call = function(word)
        if word ~= nil and type(word) ~= "string" then
            internal.raise("EARG", "luma.help: argument 1 (name) wants a string, got "
                .. internal.value(word))
        end
        print(help.text(word) or select(2, help.text(word)))
    end,
    signature = "luma.help([name])",
    text = "Prints what the function, method or kind of object of that name does; without one, where to begin.",
    example = 'luma.help "expect"',
}

return help
