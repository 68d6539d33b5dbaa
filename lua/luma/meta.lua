-- luma help --meta and --luacheck: the docs as editors and luacheck read them.
--
-- Every function, method, field and option of the docs is written as an annotation of LuaLS, so that an
-- editor completes and checks pipeline files. Nothing is listed here by hand that the docs know.

local internal = require "luma.internal"
local signature = require "luma.signature"
local types = require "luma.meta_types"

local meta = {}

local function sorted_names()
    local names = {}
    for name in pairs(internal.docs) do
        names[#names + 1] = name
    end
    table.sort(names)
    return names
end

-- "tensor:get" -> "tensor", ":", "get";  "luma.nn.conv" -> "luma.nn", ".", "conv";  "tensor" -> nil
local function parts_of(name)
    return name:match "^(.*)([.:])([^.:]*)$"
end

-- --- lines ---

local out

local function add(fmt, ...)
    out[#out + 1] = select("#", ...) > 0 and fmt:format(...) or fmt
end

-- Markdown, as editors show it.
local function comment(doc)
    for line in ((doc.text or ""):gsub("\n+$", "") .. "\n"):gmatch "(.-)\n" do
        add("---%s", line)
    end
    if doc.example then
        add "---```lua"
        for line in (doc.example .. "\n"):gmatch "(.-)\n" do
            add("---%s", line)
        end
        add "---```"
    end
end

local function one_line(text)
    return (text:gsub("%s+", " "))
end

-- --- options ---

local aliases, is_written

local function literals(choices)
    return '"' .. table.concat(choices, '"|"') .. '"'
end

-- The same choices under the same name share an alias.
local function choice_type(fn, o)
    local text = literals(o.choices)
    local name = "luma.choice." .. o.name
    if aliases[name] and aliases[name] ~= text then
        name = name .. "." .. fn:gsub("^luma%.", ""):gsub("[.:]", "_")
    end
    aliases[name] = text
    return name
end

-- Kinds that say by themselves what is wanted.
local SAID = { choice = true, boolean = true, string = true, any = true, table = true }

local function option_text(o)
    local initial = o.initial or o.default ~= nil and tostring(o.default)
    local parts = { o.text or "" }
    if o.wants and not SAID[o.kind] and not o.wants:find("^an? " .. o.kind .. "$") then
        parts[#parts + 1] = o.wants
    end
    if initial and initial ~= "required" then
        parts[#parts + 1] = "default " .. initial
    end
    return one_line(table.concat(parts, "; "))
end

local function option_field(doc, o)
    local is_required = o.required or o.initial == "required"
    local kind = o.kind == "choice" and choice_type(doc.name, o) or types.of_option(o)
    add("---@field %s%s %s %s", o.name, is_required and "" or "?", kind, option_text(o))
end

-- The class of a table argument; list items first, as the signature names them.
local function option_class(doc, owner, items)
    local class = doc.name:gsub("^(%l)(.*):", function(c, rest) return "luma." .. c:upper() .. rest .. "." end)
        .. ".options"
    if is_written[class] then
        return class
    end
    is_written[class] = true
    local described, last = {}, nil
    for _, o in ipairs(doc.options or {}) do
        described[o.name] = true
    end
    add("---@class %s", class)
    local n = 0
    for i, item in ipairs(items) do
        if item.name == "..." then
            local is_list = i > 1 and not items[i - 1].is_optional
            out[#out + 1] = is_list and ("---@field [integer] %s"):format(last) or nil
        elseif not item.is_optional then
            n = n + 1
            last = types.of(item.type, "parameter", owner)
            add("---@field [%d] %s %s", n, last, item.name)
        elseif not described[item.name] then
            add("---@field %s? any", item.name)
        end
    end
    for _, o in ipairs(doc.options or {}) do
        option_field(doc, o)
    end
    add ""
    return class
end

-- --- functions ---

local function has_options(items)
    for _, item in ipairs(items) do
        if item.is_optional then
            return true
        end
    end
    return #items == 0
end

-- Whether an argument is a table of options; one of items alone may still take options that the
-- signature leaves out.
local function takes_options(doc, form, argument)
    return argument.items and (has_options(argument.items) or #form.arguments == 1 and doc.options ~= nil)
end

-- Whether a table of options may be left out.
local function is_optional_table(doc, argument)
    for _, item in ipairs(argument.items) do
        if not item.is_optional and item.name ~= "..." then
            return false
        end
    end
    for _, o in ipairs(doc.options or {}) do
        if o.required or o.initial == "required" then
            return false
        end
    end
    return true
end

-- The type of an argument; of a table with options its class, which is written at once.
local function argument_type(doc, owner, form, argument)
    if argument.default and not argument.type then
        return argument.name == "dtype" and "luma.dtype" or argument.name == "scale" and "boolean"
            or math.type(tonumber(argument.default)) or "any"
    elseif takes_options(doc, form, argument) then
        return option_class(doc, owner, argument.items)
    end
    return types.of(argument.type or argument.name, "parameter", owner)
end

-- { { name, type, is_optional }, ... } up to the first "...".
local function parameters(doc, owner, form)
    local list, seen = {}, {}
    for _, argument in ipairs(form.arguments) do
        local is_rest = argument.name == "..."
        local name = argument.items and (takes_options(doc, form, argument) and "options" or "list")
            or (is_rest or argument.name:find "^[%a_]") and argument.name or "op"
        list[#list + 1] = {
            name = seen[name] and name .. #list + 1 or name,
            type = is_rest and "any" or argument_type(doc, owner, form, argument),
            is_optional = argument.is_optional or name == "options" and is_optional_table(doc, argument),
        }
        seen[name] = true
        if is_rest then
            break
        end
    end
    return list
end

local function results_of(doc, owner, form, main)
    if types.results[doc.name] then
        return { types.results[doc.name] }
    end
    local list = {}
    if form.variables then
        local inner = {}
        for i, name in ipairs(form.variables) do
            inner[i] = types.of(name, "result", owner)
        end
        return { ("fun(): %s"):format(table.concat(inner, ", ")) }
    end
    local source = #form.results > 0 and form.results or main.results
    for i, text in ipairs(source) do
        local inner = text:match "^%[(.*)%]$"
        list[i] = text == "..." and (list[i - 1] or "any") .. " ..."
            or types.of(inner or text, "result", owner) .. (inner and "?" or "")
    end
    return list
end

local function overload(list, results, is_method)
    local words = { is_method and "self" or nil }
    for _, p in ipairs(list) do
        words[#words + 1] = p.name .. (p.is_optional and "?" or "") .. ": " .. p.type
    end
    add("---@overload fun(%s)%s", table.concat(words, ", "),
        #results > 0 and ": " .. table.concat(results, ", "):gsub(" %.%.%.", "...") or "")
end

local function define_function(doc, owner, separator, forms)
    local calls = {}
    for _, form in ipairs(forms) do
        if form.arguments then
            calls[#calls + 1] = { parameters(doc, owner, form), results_of(doc, owner, form, forms[1]) }
        end
    end
    comment(doc)
    for i = 2, #calls do
        if calls[i][1][1].type ~= calls[1][1][1].type then
            overload(calls[i][1], calls[i][2], separator == ":")
        end
    end
    local names = {}
    for i, p in ipairs(calls[1][1]) do
        names[i] = p.name
        add("---@param %s%s %s", p.name, p.is_optional and "?" or "", p.type)
    end
    for _, result in ipairs(calls[1][2]) do
        add("---@return %s", result)
    end
    add("function %s(%s) end", doc.name, table.concat(names, ", "))
    add ""
end

local function define(doc)
    local owner, separator = parts_of(doc.name)
    if types.definitions[doc.name] then
        comment(doc)
        add(types.definitions[doc.name])
        add ""
        return
    end
    local forms = signature.forms(doc.signature, doc.name)
    if forms[1] and forms[1].arguments then
        define_function(doc, owner, separator, forms)
    end
end

-- --- classes ---

local function field(doc, owner, name)
    local form = signature.forms(doc.signature, doc.name)[1]
    add("---@field %s %s %s", name, types.of(form.results[1] or "any", "result", owner), one_line(doc.text))
end

local OPERATORS = {
    tensor = { "---@field [integer] luma.Tensor|number", "---@operator add(luma.Tensor|number): luma.Tensor",
        "---@operator sub(luma.Tensor|number): luma.Tensor", "---@operator mul(luma.Tensor|number): luma.Tensor",
        "---@operator div(luma.Tensor|number): luma.Tensor", "---@operator unm: luma.Tensor" },
    generator = { "---@field [integer] luma.Stage" },
    augmentation = { "---@field [integer] luma.Augmentation" },
    history = { "---@field epochs integer", "---@field loss number[]", "---@field accuracy number[]",
        "---@field val_loss number[]", "---@field val_accuracy number[]", "---@field rate number[]",
        "---@field seconds number[]" },
}

local function fields_of(owner, names)
    for _, name in ipairs(names) do
        local o, separator, last = parts_of(name)
        local doc = internal.docs[name]
        if o == owner and separator == "." and not signature.forms(doc.signature, name)[1].arguments then
            field(doc, owner, last)
        end
    end
end

local function class(owner, names)
    local doc = internal.docs[owner]
    if doc then
        comment{ text = doc.text }
    end
    add("---@class %s", types.classes[owner])
    fields_of(owner, names)
    for _, line in ipairs(OPERATORS[owner] or {}) do
        add(line)
    end
    add "---@operator len: integer"
    add("local %s = {}", owner)
    add ""
end

-- The kinds of objects: what stands before a colon, or is a class of the signatures.
local function owners(names)
    local list, seen = {}, {}
    for _, name in ipairs(names) do
        local owner = parts_of(name) or name
        if owner ~= "luma" and not owner:find "^luma%." and not seen[owner] then
            seen[owner] = true
            types.classes[owner] = types.classes[owner] or "luma." .. owner:sub(1, 1):upper() .. owner:sub(2)
            list[#list + 1] = owner
        end
    end
    return list
end

-- "luma.nn", "luma.dataset", ... in order.
local function spaces(names)
    local list, seen = {}, {}
    for _, name in ipairs(names) do
        local space = name:match "^(luma%..*)%.[^.:]*$"
        if space and not seen[space] then
            seen[space] = true
            list[#list + 1] = space
        end
    end
    return list
end

local function add_aliases(at)
    local lines = {}
    for name, text in pairs(aliases) do
        lines[#lines + 1] = ("---@alias %s %s"):format(name, text)
    end
    table.sort(lines)
    table.insert(out, at, table.concat(lines, "\n") .. "\n")
end

-- The whole file for LuaLS, to be kept in its workspace.library.
function meta.meta()
    out, aliases, is_written, types.unknown = {}, {}, {}, {}
    local names = sorted_names()
    add "---@meta luma"
    add("-- The API of luma %s, written by `luma help --meta`.", require "luma".version)
    add ""
    local after_head = #out + 1
    add(types.extra)
    for _, owner in ipairs(owners(names)) do
        class(owner, names)
    end
    add "---@class luma"
    fields_of("luma", names)
    add "luma = {}"
    add ""
    for _, space in ipairs(spaces(names)) do
        add("%s = {}", space)
    end
    add ""
    for _, name in ipairs(names) do
        define(internal.docs[name])
    end
    add "return luma"
    add_aliases(after_head)
    return table.concat(out, "\n") .. "\n"
end

-- Words the signatures use that have no type yet.
function meta.unknown()
    meta.meta()
    return types.unknown
end

-- --- luacheck ---

local WRITABLE = { ["luma.threads"] = true, ["luma.seed"] = true }

-- A configuration that knows the members of `luma`: a misspelt one is a warning.
function meta.luacheck()
    local groups = {}
    for _, name in ipairs(sorted_names()) do
        local space, separator, last = parts_of(name)
        if space and space:find "^luma" and separator == "." then
            local facts = WRITABLE[name] and "read_only = false" or name == "luma.args" and "other_fields = true" or ""
            groups[space] = groups[space] or {}
            table.insert(groups[space], ("%s = { %s }"):format(last, facts))
        end
    end
    local lines = {
        "-- For luacheck, written by `luma help --luacheck`.",
        "stds.luma = { read_globals = { luma = { fields = {",
    }
    for _, space in ipairs(spaces(sorted_names())) do
        lines[#lines + 1] = ("    %s = { fields = { %s } },"):format(space:sub(#"luma." + 1),
            table.concat(groups[space], ", "))
    end
    for _, line in ipairs(groups.luma) do
        lines[#lines + 1] = "    " .. line .. ","
    end
    lines[#lines + 1] = "} } } }"
    lines[#lines + 1] = 'std = "lua54+luma"'
    return table.concat(lines, "\n") .. "\n"
end

return meta
