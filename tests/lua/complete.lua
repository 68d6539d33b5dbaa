-- What the Tab key offers, by the text before the cursor.
local test = require "luma.test"
local complete = require("luma.complete").complete
local tokens = require "luma.tokens"

-- Words offered for `text` with the cursor at its end, and what they replace.
local function offered(text, behind)
    local first, words = complete(text .. (behind or ""), #text)
    return table.concat(words, " "), text:sub(first)
end

local function offers(wanted, text, behind)
    test.eq(offered(text, behind), wanted, text)
end

local function includes(wanted, text)
    local words = " " .. offered(text) .. " "
    test.ok(words:find(" " .. wanted .. " ", 1, true), text .. " gave" .. words)
end

local function lacks(unwanted, text)
    local words = " " .. offered(text) .. " "
    test.ok(not words:find(" " .. unwanted .. " ", 1, true), text .. " gave" .. words)
end

tt_train = luma.dataset.digits{ train = 20, test = 5 }
tt_flow = luma.generator{ luma.rescale(1 / 255) }:flow(tt_train)
tt_table = { alpha = 1, beta = { gamma = 2, delta = print }, list = { "x", tt_train }, ["no name"] = 1 }
tt_nn = luma.nn
tt_conv = luma.nn.conv
tt_text = "abc"
local n_calls = 0
tt_trap = setmetatable({ inner = 1 }, {
    __index = function() n_calls = n_calls + 1 end, __len = function() n_calls = n_calls + 1 end,
    __pairs = function() n_calls = n_calls + 1 end, __tostring = function() n_calls = n_calls + 1 end,
    __eq = function() n_calls = n_calls + 1 end,
})
tt_object = setmetatable({}, { __index = { method = function() end, field = 1 } })

test("globals and keywords", function()
    offers("luma", "lu")
    offers("tt_table tt_text tt_train tt_trap", "tt_t")
    offers("tt_train", "x = 1 + tt_trai")
    offers("function", "func")
    includes("luma", "")
    lacks("while", "x = ")
    offers("abc_local", "function f(abc_local) return abc_")
    offers("", "12")
    offers("", "-- lu")
    offers("", "1.")
end)

test("members", function()
    offers("dataset", "luma.data")
    includes("mnist", "luma.dataset.")
    offers("early_stop", "luma.early")
    offers("cosine plateau step warmup", "luma.schedule.")
    offers("split", "tt_train:sp")
    offers("", "tt_train.sp")
    offers("shape", "tt_train.sh")
    lacks("shape", "tt_train:")
    offers("alpha beta list", "tt_table.")
    offers("delta gamma", "tt_table.beta.")
    offers("delta", "tt_table.beta:")
    offers("label", "tt_table.list[2]:lab")
    offers("delta gamma", 'tt_table["beta"].')
    offers("conv", "tt_nn.con")
    offers("upper", "tt_text:up")
    offers("rep reverse", '("x"):re')
    offers("method", "tt_object:")
    offers("field method", "tt_object.")
    offers("", "tt_nothing.")
    offers("", "tt_train.nothing:")
    test.eq(select(2, offered "tt_train:sp"), "sp")
end)

test("what calls give is read off signatures", function()
    offers("take target", "luma.dataset.mnist():ta")
    offers("take target", "luma.dataset.mnist('x') : ta")
    offers("explain", "luma.generator{ luma.rescale(1/255) }:exp")
    offers("explain", "tt_flow.generator:exp")
    offers("dataset", "luma.generator{}:flow(tt_train, { batch=2 }).dat")
    offers("", "luma.keras.ImageDataGenerator{}:expl")
end)

test("nothing of the user's is called", function()
    offers("inner", "tt_trap.")
    offered "tt_trap.inner.x."
    offered "tt_trap.other."
    offered "tt_trap:"
    offered "tt_trap("
    offered "luma.model{ tt_trap, "
    offered "tt_"
    test.eq(n_calls, 0)
end)

test("options", function()
    offers("input=", "luma.model{ inp")
    offers("input=", "x = luma.model{ seed=3, inp")
    offers("seed=", "luma.model{ input={28, 28, 1}, s")
    offers("batch=", "tt_flow.generator:flow(tt_train, { ba")
    offers("padding=", "tt_nn.conv{ 8, pad")
    offers("padding=", "tt_conv{ 8, pad")
    offers("padding=", "luma.model{ input={28, 28, 1}, tt_nn.conv{ 8, pad")
    includes("batch=", "tt_flow.generator:flow(tt_train, {")
    includes("batch=", "tt_flow.generator:flow(tt_train, {\n    shuffle=true,\n    ")
    lacks("shuffle=", "tt_flow.generator:flow(tt_train, { shuffle=true, ")
    includes("rotation_range=", "luma.keras.ImageDataGenerator{ rot")
    offers("tt_nn", "luma.model{ input={28, 28, 1}, tt_n")
    offers("tt_nn", "f{ map=function() return tt_n")
end)

test("values of options", function()
    offers('"same" "valid"', "luma.nn.conv{ 8, padding=")
    offers('"same" "valid"', "luma.nn.conv{ 8, padding = ")
    offers('valid"', 'luma.nn.conv{ 8, padding="v')
    offers("valid", 'luma.nn.conv{ 8, padding="v', '" }')
    offers("relu'", "luma.nn.conv{ 8, act='r")
    offers("false true", "tt_flow.generator:flow(tt_train, { shuffle=")
    offers("false", "tt_flow.generator:flow(tt_train, { shuffle=f")
    offers("tt_flow", "luma.model{}:fit{ tt_flow, validate=tt")
    includes("luma.adam", "luma.model{}:fit{ tt_flow, optimizer=")
    offers('horizontal"', 'luma.flip "h')
    offers('horizontal"', 'luma.flip("h')
end)

test("data sets", function()
    offers('mnist"', 'luma.dataset.open("m')
    offers('digits"', 'luma.dataset.open "d')
    offers("fashion_mnist'", "local a, b = luma.dataset.open('fa")
end)

test("files whose names hold what quotes and strings have a meaning for", function()
    local folder = test.path()
    local names = { [[q"uote.lua]], [[back\slash.lua]], "new\nline.lua" }
    require("luma.internal").make_folder("test", folder .. [[/i"n]])
    for _, name in ipairs(names) do
        io.open(folder .. "/" .. name, "w"):close()
    end
    io.open(folder .. [[/i"n/side]], "w"):close()
    offers([[q\"uote.lua"]], 'x = "' .. folder .. "/q")
    offers([[q"uote.lua']], "x = '" .. folder .. "/q")
    offers([[q"uote.lua]], "x = [[" .. folder .. "/q")
    offers([[back\\slash.lua"]], 'x = "' .. folder .. "/b")
    offers([[back\slash.lua]], ":save " .. folder .. "/b")
    offers([[new\010line.lua"]], 'x = "' .. folder .. "/n")
    offers([[i\"n/]], 'x = "' .. folder .. "/i")
    offers([[side"]], 'x = "' .. folder .. [[/i\"n/]])
    os.remove(folder .. [[/i"n/side]])
    os.remove(folder .. [[/i"n]])
    for _, name in ipairs(names) do
        os.remove(folder .. "/" .. name)
    end
    os.remove(folder)
end)

test("files", function()
    local folder = test.path()
    require("luma.internal").make_folder("test", folder .. "/deep")
    for _, name in ipairs{ "one.lua", "only.txt", ".hidden" } do
        io.open(folder .. "/" .. name, "w"):close()
    end
    offers('one.lua" only.txt"', 'io.open("' .. folder .. "/o")
    offers('one.lua"', 'dofile "' .. folder .. "/one")
    offers("one.lua", 'dofile("' .. folder .. "/one", '")')
    offers("deep/", 'x = "' .. folder .. "/de")
    offers('deep/ one.lua" only.txt"', 'x = "' .. folder .. "/")
    offers('.hidden"', 'x = "' .. folder .. "/.h")
    offers("", 'x = "' .. folder .. "/none/")
    offers("one.lua", ":save " .. folder .. "/one")
    local first, _, labels = complete('f("' .. folder .. "/o", #folder + 5)
    test.eq(table.concat(labels, " "), "one.lua only.txt")
    test.eq(first, #folder + 5)
    for _, name in ipairs{ "one.lua", "only.txt", ".hidden", "deep" } do
        os.remove(folder .. "/" .. name)
    end
    os.remove(folder)
end)

test("help and commands", function()
    offers("luma.nn.conv", "?luma.nn.con")
    offers("nn.conv", "?nn.con")
    offers("save", ":s")
    offers("help quit save vars", ":")
end)

test("any text up to any place is fine", function()
    local text = [==[
local function f(a, ...) return a["x"].y:z{ 1, [2] = 3, q='\'', s=[[long
text]] } .. "\z
   more" end -- comment
--[=[ long
comment ]=] for i = 1, 0x1p-4 do luma.nn.conv{ 8, padding="same", } end ]] ) } goto x ::x:: ?:]==]
    for n = 0, #text do
        local first, words = complete(text, n)
        test.ok(first >= 1 and first <= n + 1 and type(words) == "table")
    end
end)

test("tokens", function()
    local function kinds(text)
        local parts = {}
        for i, token in ipairs(tokens.list(text)) do
            parts[i] = token.kind:sub(1, 2) .. "<" .. token.text .. ">" .. (token.is_open and "!" or "")
        end
        return table.concat(parts, " ")
    end
    test.eq(kinds "local x<const> = 0xA.8p+1", "ke<local> na<x> si<<> na<const> si<>> si<=> nu<0xA.8p+1>")
    test.eq(kinds "a..b...c", "na<a> si<..> na<b> si<...> na<c>")
    test.eq(kinds "1e5-2", "nu<1e5> si<-> nu<2>")
    test.eq(kinds "0xe-1", "nu<0xe> si<-> nu<1>")
    test.eq(kinds "1e-5 .5", "nu<1e-5> nu<.5>")
    test.eq(kinds '"a\\"b" c', 'st<"a\\"b"> na<c>')
    test.eq(kinds '"open', 'st<"open>!')
    test.eq(kinds "'a\nb", "st<'a>! na<b>")
    test.eq(kinds "[==[ ]] ]==] x", "st<[==[ ]] ]==]> na<x>")
    test.eq(kinds "[[ open", "st<[[ open>!")
    test.eq(kinds "-- c\n--[[ d ]] e", "co<-- c> co<--[[ d ]]> na<e>")
    test.eq(kinds "a//b==c~=d::<<", "na<a> si<//> na<b> si<==> na<c> si<~=> na<d> si<::> si<<<>")
end)

test.done()
