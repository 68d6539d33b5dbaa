-- What editors get to know of luma: everything that is documented, in a form that parses.
local test = require "luma.test"
local internal = require "luma.internal"
local meta = require "luma.meta"
local signature = require "luma.signature"

local names, docs = test.docs()
local text = meta.meta()

-- The lines of the class of `owner`, up to the next empty line.
local function class_of(owner)
    local types = require "luma.meta_types"
    local name = owner == "luma" and "luma" or types.classes[owner]
    return text:match("%-%-%-@class " .. name .. "\n(.-)\n\n") or ""
end

test("the file is Lua that does nothing but define", function()
    local env = {}
    local chunk, why = load(text, "=meta", "t", env)
    test.ok(chunk, why)
    local module = chunk()
    test.eq(module, env.luma)
    test.eq(type(module.nn.conv), "function")
end)

for _, name in ipairs(names) do
    test(name .. " is in it", function()
        local owner, separator, last = name:match "^(.*)([.:])([^.:]*)$"
        local forms = signature.forms(docs[name].signature, name)
        if not owner then
            test.ok(#class_of(name) > 0, "a class")
        elseif forms[1].arguments then
            test.ok(text:find("\nfunction " .. name .. "(", 1, true), "a function")
        else
            test.eq(separator, ".")
            test.ok(class_of(owner):find("---@field " .. last .. " ", 1, true), "a field")
        end
        for _, o in ipairs(docs[name].options or {}) do
            local class = (owner and name:gsub(":", "."):lower() or name) .. ".options"
            local at = text:lower():find("---@class " .. (separator == ":" and "luma." or "") .. class .. "\n", 1, true)
            test.ok(at, "a class of its options")
            local body = text:sub(at):match "^(.-)\n\n"
            test.ok(body:find("---@field " .. o.name .. "?? ", 1) or body:find("---@field " .. o.name .. " ", 1, true),
                "the option " .. o.name)
        end
    end)
end

test("every word of the signatures has a type; new ones go into lua/luma/meta_types.lua", function()
    test.eq(meta.unknown(), {})
end)

test("every type used is defined", function()
    local defined = {}
    for name in text:gmatch "%-%-%-@%l+ (luma[%w_.]*)" do
        defined[name] = true
    end
    for line in text:gmatch "%-%-%-@[^\n]*" do
        local kind, rest = line:match "^%-%-%-@(%l+) (.*)$"
        local types = kind == "param" and rest:match "^%S+ (.*)$" or kind == "field" and rest:match "^%S+ (%S+)"
            or (kind == "return" or kind == "overload" or kind == "operator") and rest or ""
        for name in types:gmatch "%f[%w_]luma%.[%w_.]*[%w_]" do
            test.ok(defined[name], name .. " in " .. line)
        end
    end
end)

test("lines are annotations, comments or Lua", function()
    for line in text:gmatch "[^\n]+" do
        local kind = line:match "^%-%-%-@(%l+)"
        local known = { alias = 1, class = 1, field = 1, generic = 1, meta = 1, operator = 1, overload = 1, param = 1,
            ["return"] = 1 }
        test.ok(line:find "^%-%-" or line:find "^function " or line:find "^local %l+ = {}$"
            or line:find "^luma[.%w]* = {}$" or line == "return luma", line)
        test.ok(not kind or known[kind], line)
    end
end)

test("types of some functions", function()
    local function has(part)
        test.ok(text:find(part, 1, true), part)
    end
    has "---@param i integer\n---@return luma.Tensor\nfunction dataset:image(i) end"
    has "---@return luma.Dataset\n---@return luma.Dataset\nfunction luma.dataset.digits(options) end"
    has "---@return luma.Tensor\n---@return luma.Tensor\n---@return luma.Tensor?\nfunction flow:next() end"
    has "---@return fun(): integer, luma.Metrics\nfunction model:train(options) end"
    has "---@overload fun(options: luma.center.options): luma.Stage\n"
    has '---@field padding? luma.choice.padding '
    has '---@alias luma.choice.padding "valid"|"same"\n'
    has "---@field [1] integer filters\n"
    has "---@field [integer] luma.Layer\n"
    has "---@field skipped { file: string, reason: string }[] "
end)

test("the methods of Keras' generator are in it", function()
    local g = luma.keras.ImageDataGenerator{}
    local body = class_of "luma" and text:match "%-%-%-@class luma.keras.Generator.-\n\n"
    local n = 0
    for name in body:gmatch "%-%-%-@field ([%w_]+) fun" do
        n = n + 1
        test.eq(type(g[name]), "function", name)
    end
    test.ok(n >= 8)
end)

-- --- signatures ---

local function forms(line)
    return signature.forms(line, line:match "[%w_.:]*%l[%w_]*")
end

test("signatures are split outside brackets and quotes", function()
    test.eq(signature.split("a, { b, c }, \"d, e\", f(g, h)", ","), { "a", "{ b, c }", '"d, e"', "f(g, h)" })
    test.eq(signature.split("", ","), {})
    test.eq(signature.split("a", ","), { "a" })
    test.eq(signature.split("a,,b", ","), { "a", "", "b" })
end)

test("forms of a signature", function()
    local f = signature.forms("x.f{ a, b=1, ... } -> tensor [, w]; x.f(c, [d]) for short", "x.f")
    test.eq(#f, 2)
    test.eq(f[1].results, { "tensor", "[w]" })
    test.eq(f[1].arguments[1].items[2], { name = "b", default = "1", is_optional = true })
    test.eq(f[2].arguments[2].is_optional, true)
    f = signature.forms("for x, y in flow:batches() do ... end", "flow:batches")
    test.eq(f[1].variables, { "x", "y" })
    f = forms "a.b -> { H, W, C }"
    test.eq(f[1].arguments, nil)
    test.eq(f[1].results, { "{ H, W, C }" })
    f = signature.forms('a.flip "x"|"y" -> stage; a.flip{ axis }', "a.flip")
    test.eq(f[1].arguments[1].type, '"x"|"y"')
    test.eq(signature.forms("a.n -> integer; a.n = n", "a.n")[2].is_assignment, true)
end)

-- --- arguments of scripts ---

local outline = require "luma.outline"

test("arguments are read off a script's text", function()
    local source = [[
-- local args = luma.args{ old = 1 }
local args = luma.args{ epochs = 5, data = "mnist", -- which, { set
    rate = 1e-3, list = "a,b", dashes = "a--b", fast = false }
other.luma_args{ x = 1 }
local more = luma.args({ late = 'x' })]]
    test.eq(outline.of(source).arguments, { { "epochs", "5" }, { "data", "mnist" }, { "rate", "1e-3" },
        { "list", "a,b" }, { "dashes", "a--b" }, { "fast", "false" }, { "late", "x" } })
    test.eq(outline.of("").arguments, {})
    test.eq(outline.of("luma.args{").arguments, {})
    test.eq(outline.of("luma.args.epochs").arguments, {})
end)

test("the docs are those of the module", function()
    test.eq(internal.docs["luma.expectations"].signature, "luma.expectations() -> failed, made")
end)

test.done()
