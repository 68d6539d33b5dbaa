-- What luma batch will run: arguments read from the text of files, sweeps.
local test = require "luma.test"
local outline = require "luma.outline"
local sweep = require "luma.sweep"

local function names(source)
    local takes, list = outline.of(source).takes, {}
    for name in pairs(takes or {}) do
        list[#list + 1] = name
    end
    table.sort(list)
    return takes and table.concat(list, " ") or nil
end

test("arguments in the text of a file", function()
    test.eq(names 'local args = luma.args{ rate = 0.1, seed = 1 }', "rate seed")
    test.eq(names 'local args = luma.args({ rate = 1/255; data = "a,b}" -- }, x = 1\n })', "data rate")
    test.eq(names "luma.args{}", "")
    test.eq(names 'print "hello"', "")
    test.eq(names '-- luma.args{ a = 1 }\nprint [[luma.args{ b = 1 }]]', "")
    test.eq(names '#!/usr/bin/luma args\nprint(1)', "")
end)

test("files whose arguments only a run can tell", function()
    for _, source in ipairs{ "print(luma.args.seed)", "local a = luma.args a{ x = 1 }", "luma.args{ x = f() }",
        "luma.args{ x = 1 } luma.args{ y = 1 }", "luma.args(t)", 'require "other"', 'luma["args"]{ x = 1 }',
        'local l = luma print(l["args"].x)', "dofile(f)", "for k, v in pairs(_G) do print(v) end" } do
        test.eq(names(source), nil, source)
    end
end)

test("modules", function()
    test.ok(outline.of "local M = {}\nreturn M\n".is_module)
    test.ok(outline.of "return { 1,\n 2 }".is_module == false, "the last line alone is looked at")
    test.ok(not outline.of "if x then return end\nprint(1)".is_module)
end)

local function values(word)
    local axis, wrong = sweep.axis(word)
    return axis and table.concat(axis.values, " ") or wrong
end

test("lists and ranges", function()
    test.eq(values "a=1,2,5", "1 2 5")
    test.eq(values "a=1..3,7", "1 2 3 7")
    test.eq(values "a=-1..1", "-1 0 1")
    test.eq(values "a=0..10..4", "0 4 8")
    test.eq(values "a=0.1..0.5..0.1", "0.1 0.2 0.3 0.4 0.5")
    test.eq(values "a=1..1", "1")
    test.eq(values [[a=x\,y,z]], "x,y z")
    test.eq(values "a=../b", "../b")
    test.eq(values "a=", "")
    test.eq(values "a=b=c", "b=c")
    test.eq(sweep.axis "file.lua", nil)
    test.eq(sweep.axis "1a=2", nil)
end)

test("the product, the last argument fastest", function()
    local axes = { sweep.axis "a=1,2", sweep.axis "b=x,y,z" }
    local runs = {}
    for i, run in ipairs(sweep.product(axes)) do
        runs[i] = run[1].value .. run[2].value
    end
    test.eq(table.concat(runs, " "), "1x 1y 1z 2x 2y 2z")
    test.eq(sweep.count(axes), 6)
    test.eq(#sweep.product{}, 1)
    local many = {}
    for i = 1, 5 do
        many[i] = sweep.axis(("a%d=1..100"):format(i))
    end
    test.eq(select(2, sweep.count(many)), "the arguments make more than 100000 runs")
end)

test.done()
