-- The texts of the prompt: locals that live on, what is unfinished, what Enter makes of a text; and how
-- values are shown.
local test = require "luma.test"
local prompt = require "luma.prompt"
local show = require "luma.show"

local function rewritten(text)
    return (prompt.without_locals(text))
end

test("locals of the outermost level become globals, all else stays in its place", function()
    test.eq(rewritten "local x = 1", "      x = 1")
    test.eq(rewritten "local x", "      x = nil")
    test.eq(rewritten "local x, y", "      x, y = nil")
    test.eq(rewritten "local x <const>, y <close> = 1, 2", "      x        , y         = 1, 2")
    test.eq(rewritten "local x local y z = 1", "      x = nil       y = nil z = 1")
    test.eq(rewritten "local function f() local a = 1 end", "      function f() local a = 1 end")
    test.eq(rewritten "do local a = 1 end local b = 2", "do local a = 1 end       b = 2")
    test.eq(rewritten "if x then local a end\nlocal b", "if x then local a end\n      b = nil")
    test.eq(rewritten "for i = 1, 2 do local a end while x do local b end repeat local c until c local d = 1",
        "for i = 1, 2 do local a end while x do local b end repeat local c until c       d = 1")
    test.eq(rewritten "x = { local_ = 1, f = function() local y end } local z = 'local q'",
        "x = { local_ = 1, f = function() local y end }       z = 'local q'")
    test.eq(rewritten "-- local x\nlocal --[[ local ]] y = 1", "-- local x\n      --[[ local ]] y = 1")
    test.eq(rewritten "local", "local")
    test.eq(rewritten "a.b:c() local t <const> = [[local]]", "a.b:c()       t         = [[local]]")
    test.eq(table.concat(select(2, prompt.without_locals "local a <const>, b = 1 local function c() end"), " "),
        "a b c")
end)

test("texts that wait for more", function()
    for _, text in ipairs{ "for i = 1, 2 do", "x = {", "1 +", "f(", "if x then\n  y()", "x = [[", "return",
        "function f()", "local x =", "a = 1\nb = function()", "--[[ open" } do
        local wants = text ~= "return"
        test.eq(prompt.wants_more(text), wants, text)
    end
    for _, text in ipairs{ "1", "x = 1", "x ==== 1", "", "-- c", "end", "a = 1\na + 1", "?x", ":save", "'open", "x?" } do
        test.eq(prompt.wants_more(text), false, text)
    end
end)

test("pieces of a pasted text", function()
    local function pieces(text)
        local list, message = prompt.compile(text)
        local parts = {}
        for i, piece in ipairs(list or {}) do
            parts[i] = (piece.is_expression and "=" or "") .. piece.text:gsub("\n", "/")
        end
        return list and table.concat(parts, "|") or message
    end
    test.eq(pieces "1 + 1", "=1 + 1")
    test.eq(pieces "a = 1\nb = 2", "a = 1/b = 2")
    test.eq(pieces "a = 1\na + 1\nfor i = 1, 2 do\nprint(i)\nend\na", "a = 1|=a + 1|for i = 1, 2 do/print(i)/end|=a")
    test.eq(pieces "a = 1\na +\n1", "a = 1|=a +/1")
    test.eq(pieces "x ==== 1", "(input):1: syntax error near '=='")
    test.eq(pieces "1\nx = = 1", "(input):2: unexpected symbol near '='")
end)

test("Enter", function()
    local function enter(text, cursor)
        local before, behind, is_whole = prompt.enter(text, cursor or #text)
        return before .. "|" .. behind .. (is_whole and "!" or "")
    end
    test.eq(enter "1", "1|!")
    test.eq(enter("1 + 1", 2), "1 |+ 1!")
    test.eq(enter "for i = 1, 2 do", "for i = 1, 2 do\n    |")
    test.eq(enter "for i = 1, 2 do\n    if i then", "for i = 1, 2 do\n    if i then\n        |")
    test.eq(enter "for i = 1, 2 do\n    if i then\n        end", "for i = 1, 2 do\n    if i then\n    end\n    |")
    test.eq(enter "if x then\n    y()\n    else", "if x then\n    y()\nelse\n    |")
    test.eq(enter "for i = 1, 2 do\n    print(i)\n    end", "for i = 1, 2 do\n    print(i)\nend|!")
    test.eq(enter "x = {\n    1,\n    }", "x = {\n    1,\n}|!")
    test.eq(enter "f(function()", "f(function()\n    |")
    test.eq(enter "f(function()\n    y()\n    end)", "f(function()\n    y()\nend)|!")
    test.eq(enter "x = [[\n  a", "x = [[\n  a\n|")
    test.eq(enter("x = {1, 2", 6), "x = {1\n    |, 2")
end)

local function shown(value, ...)
    local parts = {}
    local write = io.stdout
    io.stdout = { write = function(_, ...) parts[#parts + 1] = table.concat({ ... }) end }
    local ok, err = pcall(show.print, value, ...)
    io.stdout = write
    test.ok(ok, err)
    return (table.concat(parts):gsub("\n$", ""))
end

test("values are shown in one line where they fit", function()
    test.eq(shown(1, "a b", nil, true), "1\ta b\tnil\ttrue")
    test.eq(shown{}, "{}")
    test.eq(shown{ 1, "b\n\"", x = { 2.5 }, [true] = false, [1.5] = 0, ["a b"] = 1 },
        '{ 1, "b\\n\\"", [1.5] = 0, [true] = false, ["a b"] = 1, x = { 2.5 } }')
    test.eq(shown{ { { { { 1, 2 }, { "x" } } } } }, '{ { { { 2 items ... } } } }')
    test.eq(shown{ { { { 28, 28, 1 } } } }, "{ { { { 28, 28, 1 } } } }")
    test.eq(shown{ { { { "x" } } } }, "{ { { { 1 item ... } } } }")
    local loop = { 1 }
    loop.loop = loop
    test.eq(shown(loop), "{ 1, loop = <the table it is in> }")
    local twice = { 1 }
    test.eq(shown{ twice, twice }, "{ { 1 }, { 1 } }")
    test.eq(shown{ luma.dataset }, "{ module luma.dataset }")
    test.eq(shown(luma.flip), require("luma.internal").docs["luma.flip"].signature)
end)

test("and over several where they do not", function()
    local t = { name = "a long name", list = {}, inner = { text = ("x"):rep(60), other = ("y"):rep(30) } }
    for i = 1, 30 do t.list[i] = i * 1000 end
    test.eq(shown(t), [[
{
    inner = {
        other = "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
        text = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    },
    list = {
        1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10000, 11000, 12000, 13000,
        14000, 15000, 16000, 17000, 18000, 19000, 20000, 21000, 22000, 23000, 24000, 25000,
        26000, 27000, 28000, 29000, 30000,
    },
    name = "a long name",
}]])
    local long = {}
    for i = 1, 300 do long[i] = ("word %d"):format(i) end
    test.ok(shown(long):find('"word 20", ... 280 more }', 1, true) or shown(long):find("\n    ... 200 more\n}$"))
    test.ok(shown{ ("z"):rep(1000) }:find 'z" %.%.%. 800 more,?\n')
end)

test("a value whose __tostring fails is still shown", function()
    local bad = setmetatable({}, { __tostring = function() error("oh", 0) end })
    test.eq(shown(bad), "<table whose __tostring failed: oh>")
    test.eq(shown{ bad }, "{ <table whose __tostring failed: oh> }")
end)

test.done()
