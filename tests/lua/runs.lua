-- Recorded runs: finding them, their figures, what differs between two; ids and folders.
local test = require "luma.test"
local compare = require "luma.compare"
local internal = require "luma.internal"
local json = require "luma.json"
local record = require "luma.record"
local engine = require "luma.engine.record"
local runs = require "luma.runs"

test("the figures of a run: accuracies first, the last value of a name", function()
    local function names(run)
        local list = {}
        for i, figure in ipairs(runs.figures(run)) do
            list[i] = figure.name .. "=" .. tostring(figure.value)
        end
        return table.concat(list, " ")
    end
    local function figures(...)
        local list = {}
        for i, name in ipairs { ... } do
            list[i] = { name = name, value = i }
        end
        return { figures = list }
    end
    test.eq(names(figures("parameters", "test loss", "accuracy", "test accuracy")),
        "test accuracy=4 accuracy=3 test loss=2")
    test.eq(names(figures("a", "b", "a", "c", "d")), "a=3 b=2 c=4")
    test.eq(names {}, "")
    test.eq(names { figures = "none", evaluations = 3 }, "")
    test.eq(names { evaluations = { { loss = 1 }, { loss = 2, accuracy = 0.5 } } }, "accuracy=0.5")
    test.eq(names { evaluations = { { loss = 1 } } }, "loss=1")
    test.eq(names { figures = { { name = "x", value = json.null } } }, "x=null")
end)

-- Applying the changes to x must give y, and no shorter list of changes would do.
local function apply(x, changes)
    local out, gone, added = {}, {}, {}
    for _, change in ipairs(changes) do
        if change[1] == "-" then
            test.eq(x[change[2]], change[3])
            gone[change[2]] = true
        else
            added[change[2]] = change[3]
        end
    end
    for i, line in ipairs(x) do
        if not gone[i] then
            while added[#out + 1] do
                out[#out + 1] = added[#out + 1]
            end
            out[#out + 1] = line
        end
    end
    while added[#out + 1] do
        out[#out + 1] = added[#out + 1]
    end
    return out
end

local function common(x, y)
    local best = {}
    for j = 0, #y do best[j] = 0 end
    for i = 1, #x do
        local before = 0
        for j = 1, #y do
            local kept = best[j]
            best[j] = x[i] == y[j] and before + 1 or math.max(best[j], best[j - 1])
            before = kept
        end
    end
    return best[#y]
end

test("lines that differ", function()
    math.randomseed(7)
    for _ = 1, 300 do
        local x, y = {}, {}
        for i = 1, math.random(0, 12) do x[i] = tostring(math.random(1, 4)) end
        for i = 1, math.random(0, 12) do y[i] = tostring(math.random(1, 4)) end
        local changes = compare.lines(x, y)
        test.eq(apply(x, changes), y)
        test.eq(#changes, #x + #y - 2 * common(x, y))
    end
    local long = {}
    for i = 1, 2500 do long[i] = tostring(i) end
    local other = { table.unpack(long) }
    other[2], other[2499] = "x", "y"
    test.eq(#compare.lines(long, other), 2 * 2498, "too long for the table: one block")
    test.eq(#compare.lines(long, long), 0)
end)

local function differing(a, b)
    local texts = {}
    for _, section in ipairs((compare.records(a, b))) do
        texts[#texts + 1] = section.title .. ": " .. table.concat(section.lines, "; ")
    end
    return table.concat(texts, " / ")
end

local function history(rows, title)
    return { histories = { { title = title or "model:fit 1", columns = { "epoch", "loss", "seconds" }, rows = rows } } }
end

test("where curves part", function()
    test.eq(differing(history { { 1, 0.5, 3 }, { 2, 0.25, 3 } }, history { { 1, 0.5, 9 }, { 2, 0.25, 1 } }), "")
    test.eq(differing(history { { 1, 0.5, 3 }, { 2, 0.25, 3 } }, history { { 1, 0.5, 3 }, { 2, 0.5, 3 } }),
        "histories: model:fit 1  part in epoch 2: loss 0.25 | 0.5  (+0.25)")
    test.eq(differing(history { { 1, 0.1, 3 } }, history { { 1, 0.1 + 2 ^ -56, 3 } }),
        "histories: model:fit 1  part in epoch 1: loss 0.1 | 0.10000000000000002  (+1.39e-17)")
    test.eq(differing(history { { 1, json.null, 3 } }, history { { 1, json.null, 3 } }), "", "NaN equals NaN")
    test.eq(differing(history { { 1, json.null, 3 } }, history { { 1, 2.5, 3 } }),
        "histories: model:fit 1  part in epoch 1: loss null | 2.5")
    test.eq(differing(history {}, history { { 1, 2.5, 3 } }),
        "histories: model:fit 1  equal for 0 epochs, then only b goes on (0 | 1)")
    test.eq(differing(history({}, "x"), history({}, "y")), "histories: x  only in a; y  only in b")
end)

test("what else may differ", function()
    local function figures(...)
        return { figures = { ... } }
    end
    test.eq(differing({}, {}), "")
    test.eq(differing({ status = "passed", exit_code = 0 }, { status = "killed", signal = "SIGKILL" }),
        "status: exit_code  0 | (none); signal  (none) | SIGKILL; status  passed | killed")
    test.eq(differing({ seconds = 1, id = "a", name = "x" }, { seconds = 2, id = "b", name = "y" }), "")
    test.eq(differing(figures({ name = "a", value = 1 }, { name = "a", value = 2 }),
            figures({ name = "a", value = 1 }, { name = "a", value = 3 }, { name = "b" })),
        "figures: a (2)  2 | 3  (+1); b  only in b")
    test.eq(differing(figures { name = "a" }, figures { name = "a" }), "", "NaN equals NaN")
    test.eq(differing({ expectations = { { name = "a", passed = true, operator = ">=", bound = 1 } } },
            { expectations = { { name = "a", passed = true, operator = ">=", bound = 2 } } }),
        "expectations: a  >= 1 | >= 2")
    test.eq(differing({ datasets = { { name = "m", sha256 = "12", count = 5 } } },
            { datasets = { { name = "m", count = 5 } } }),
        "data: m  other contents: 5 images | 5 images, 12 | (none)")
    test.eq(differing({ arguments = { a = 1, b = "x" } }, { arguments = { a = 1, b = "y", c = true } }),
        "arguments: b  x | y; c  (none) | true")
    test.eq(differing({ warnings = { "x" } }, { warnings = {} }), "warnings: x  only in a")
    test.eq(differing({ evaluations = { { title = "e", loss = 1, confusion = { { 1 } } } } },
        { evaluations = { { title = "e", loss = 1, confusion = { { 2 } } } } }), "evaluations: e  other confusions")
    test.eq(differing({ arguments = 3, figures = "x" }, { arguments = "y" }), "", "members of other types")
end)

test("ids", function()
    for _ = 1, 50 do
        test.ok(record.is_id("20260131-120000-" .. engine.random_hex(6)))
    end
    local wrong = { "", "20260131-120000-abcde", "20260131-120000-abcdeg", "x20260131-120000-abcdef", "2026-0131" }
    for _, id in ipairs(wrong) do
        test.ok(not record.is_id(id), id)
    end
    test.ok(engine.random_hex(16) ~= engine.random_hex(16))
    test.eq(#engine.random_hex(1), 1)
end)

test("a record that cannot be read says why", function()
    local path = test.path ".json"
    local function why(text)
        test.write(path, text)
        local run, reason = runs.read(path)
        test.eq(run, nil)
        return reason
    end
    test.ok(why "" ~= nil)
    test.ok(why "{" ~= nil)
    test.eq(why "[]", "it is no record of a run")
    test.eq(why '{"schema":"luma.batch/1"}', "it is no record of a run")
    test.eq(why '{"schema":"luma.run/1","id":3,"status":"passed"}', "id or status is missing")
    os.remove(path)
    local _, reason = runs.read(path)
    test.ok(reason:find "No such file")
    _, reason = runs.get(path, test.path())
    test.ok(reason:find "is no run in")
    _, reason = runs.find(path)
    test.eq(reason, "there is no folder " .. path)
end)

test("folders are looked into as deep as runs lie, and no deeper", function()
    local root = test.path()
    local deep = root .. "/a/b/c/d"
    internal.make_folder("test", deep)
    local text = '{"schema":"luma.run/1","id":"x","status":"passed"}'
    test.write(deep .. "/run.json", text)
    local list, skipped = runs.find(root)
    test.eq(#list, 0)
    test.eq(skipped[1].folder, root .. "/a/b")
    test.write(root .. "/a/b/run.json", text)
    list = runs.find(root .. "//")
    test.eq(list[1].folder, root .. "/a/b")
    list = runs.find(root .. "/a/b")
    test.eq(#list, 1)
    for _, path in ipairs { "/a/b/c/d/run.json", "/a/b/c/d", "/a/b/c", "/a/b/run.json", "/a/b", "/a", "" } do
        os.remove(root .. path)
    end
end)

test.done()
