-- Figures against an earlier batch: which way is worse, how much is allowed, what is missing, what cannot be read.
local test = require "luma.test"
local baseline = require "luma.baseline"
local json = require "luma.json"
local outcome = require "luma.outcome"

local path = test.path ".json"

local function run(figures, more)
    local list = {}
    for _, pair in ipairs(figures) do
        list[#list + 1] = { name = pair[1], value = pair[2], where = "f.lua:" .. #list + 1 }
    end
    local made = { name = "f.lua", file = "f.lua", status = "passed", figures = list, expectations = json.array() }
    for key, value in pairs(more or {}) do
        made[key] = value
    end
    return made
end

-- Judges runs now against those before; gives batch.baseline and the batch.
local function judge(before, now, tolerance)
    test.write(path, json.encode{ schema = "luma.batch/1", runs = before })
    local base = baseline.prepare{ baseline = path, tolerance = tolerance }
    os.remove(path)
    local batch = { runs = now }
    baseline.judge(batch, base)
    return batch.baseline, batch
end

-- One figure before and now.
local function one(name, was, is, tolerance, more)
    local judged, batch = judge({ run{ { name, was } } }, { run({ { name, is } }, more) }, tolerance)
    return judged.comparisons[1], batch.runs[1], judged
end

test("equal figures pass", function()
    local c, now, judged = one("accuracy", 0.98, 0.98)
    test.eq(c, { run = "f.lua", figure = "accuracy", was = 0.98, is = 0.98, tolerance = "0", kind = "higher",
        where = "f.lua:1", passed = true, worse_by = -0.0, text = "accuracy 0.98, was 0.98" })
    test.eq(now.status, "passed")
    test.eq(judged.notes, {})
    test.eq(judged.file, path)
end)

test("a worse one fails its run and says by how much", function()
    local c, now = one("accuracy", 0.98, 0.97)
    test.ok(not c.passed)
    test.near(c.worse_by, 0.01, 1e-15)
    test.eq(c.text, "accuracy 0.97, was 0.98: worse by 0.01 (1.02 %), there is no tolerance")
    test.eq(now.status, "failed")
    test.eq(outcome.problems({ runs = { now }, baseline = { comparisons = { c } } }, now),
        { { text = c.text, file = "f.lua", line = 1 } })
    test.eq(one("train loss", 0.2, 0.3, "train loss=5%").text,
        "train loss 0.3, was 0.2: worse by 0.1 (50 %), allowed is 5 %")
    test.eq(one("widgets", 10, 9).text, "widgets 9, was 10: differs by 1 (10 %), there is no tolerance")
    test.eq(one("widgets", 0, 1, "widgets=0.5").text, "widgets 1, was 0: differs by 1, allowed is 0.5")
end)

test("the digits of a tolerance are not counted against a figure", function()
    test.ok(one("accuracy", 0.98, 0.978, "accuracy=0.002").passed)
    test.ok(not one("accuracy", 0.98, 0.977999, "accuracy=0.002").passed)
    test.ok(not one("accuracy", 0.98, 0.98 - 2^-53).passed, "without one every bit counts")
end)

test("factors and shares, of negative figures too", function()
    test.ok(one("loss", 2, 2.4, "loss=1.2x").passed)
    test.ok(not one("loss", 2, 2.41, "loss=1.2x").passed)
    test.ok(one("accuracy", 0.9, 0.75, "accuracy=1.2x").passed)
    test.ok(not one("accuracy", 0.9, 0.74, "accuracy=1.2x").passed)
    test.ok(one("loss", -2, -1.6, "loss=1.2x").passed)
    test.ok(not one("loss", -2, -1.59, "loss=1.2x").passed)
    test.ok(one("loss", 2, 2.04, "loss=2%").passed)
    test.ok(not one("loss", 2, 2.05, "loss=2%").passed)
    test.ok(one("widgets", 10, 9, "widgets=10%").passed)
    test.ok(not one("widgets", 10, 12, "widgets = 1.1x ").passed)
    test.ok(not one("loss", 0, 0.1, "loss=1.5x").passed)
end)

test("which way is worse", function()
    for name, kind in pairs{ accuracy = "higher", ["test accuracy"] = "higher", acc = "higher", ["images/s"] = "higher",
        images_per_second = "higher", f1 = "higher", loss = "lower", val_loss = "lower", ["error rate"] = "lower",
        ["seconds to train"] = "lower", rmse = "lower", widgets = "same", account = "same" } do
        test.eq(one(name, 1, 1, name .. "=0").kind, kind, name)
    end
    local operator = { expectations = { { name = "accuracy", operator = "<=", passed = true } } }
    test.eq(one("accuracy", 1, 1, nil, operator).kind, "lower", "what the script expects comes first")
    operator.expectations[1].operator = "=="
    test.eq(one("accuracy", 1, 1, nil, operator).kind, "same")
end)

test("a better one is a hint", function()
    local c, now, judged = one("loss", 0.3, 0.2, "loss=0.01")
    test.ok(c.passed)
    test.near(c.worse_by, -0.1, 1e-15)
    test.eq(now.status, "passed")
    test.eq(judged.notes, { "better by more than the tolerance, a new baseline would hold that: "
        .. "loss of f.lua: loss 0.2, was 0.3" })
    test.eq(select(3, one("loss", 0.3, 0.295, "loss=0.01")).notes, {})
end)

test("figures that are missing, no number, new", function()
    local judged, batch = judge({ run{ { "a", 1 }, { "b", 2 }, { "c", 0 / 0 } } },
        { run{ { "b", 0 / 0 }, { "c", 1 }, { "d", 1 } } })
    test.eq(#judged.comparisons, 2)
    test.eq(judged.comparisons[1].text, "a is missing, was 1")
    test.eq(judged.comparisons[2].text, "b is no finite number, was 2")
    test.eq(batch.runs[1].status, "failed")
    test.eq(judged.notes, { "figures it does not have: d of f.lua" })
end)

test("the last figure of a name counts", function()
    local judged = judge({ run{ { "loss", 5 }, { "loss", 1 } } },
        { run{ { "loss", 9 }, { "loss", 2 }, { "loss", 1 } } })
    test.eq(#judged.comparisons, 1)
    test.ok(judged.comparisons[1].passed)
end)

test("runs that are missing, new, or did not end", function()
    local function named(name, status)
        return run({ { "loss", 1 } }, { name = name, status = status })
    end
    local judged, batch = judge({ named "./a.lua", named "b.lua", named "c.lua" },
        { named "a.lua", named("b.lua", "crashed"), named "d.lua" })
    test.eq(#judged.comparisons, 1)
    test.eq(judged.notes, { "runs it does not have: d.lua", "runs of it that were not run: c.lua" })
    test.eq(batch.runs[2].status, "crashed")
    judged, batch = judge({ named "a.lua" }, { named "b.lua", named "c.lua", named "d.lua", named "e.lua" })
    test.eq(judged.notes, { "runs it does not have: b.lua, c.lua, d.lua and 1 more",
        "runs of it that were not run: a.lua",
        "nothing was compared, which counts as a failure: no run of this batch has a figure in it" })
    test.ok(outcome.is_failed(batch))
    batch.baseline = nil
    test.ok(not outcome.is_failed(batch))
end)

test("time and memory where a tolerance names them", function()
    local before = run({}, { seconds = 2, cpu_seconds = 1, peak_memory_bytes = 1000 })
    local function now()
        return run({}, { seconds = 3, cpu_seconds = 1.1, peak_memory_bytes = 5000 })
    end
    test.eq(#judge({ before }, { now() }).comparisons, 0)
    local list = judge({ before }, { now() }, "seconds=1.2x,cpu_seconds=1.2x,peak_memory=1%").comparisons
    test.eq(list[1].text, "seconds 3, was 2: worse by 1 (50 %), allowed is 1.2x")
    test.eq({ list[2].passed, list[3].passed, list[3].kind }, { true, false, "lower" })
end)

local function refused(message, tolerance, text)
    test.write(path, text or json.encode{ schema = "luma.batch/1", runs = { run{ { "accuracy", 1 }, { "a=b", 1 } } } })
    local is_good, why = pcall(baseline.prepare, { baseline = path, tolerance = tolerance })
    os.remove(path)
    test.ok(not is_good, message)
    local from, to = tostring(why):find(path, 1, true)
    test.eq(from and why.message:sub(1, from - 1) .. "B" .. why.message:sub(to + 1) or why.message, message)
    test.eq(why.exit_code, 2)
end

test("what is measured differs from run to run", function()
    for _, name in ipairs{ "seconds a batch", "training time", "images per second", "MB/s", "peak memory" } do
        test.eq(#judge({ run{ { name, 1 }, { "x", 1 } } }, { run{ { name, 9 }, { "x", 1 } } }).comparisons, 1, name)
        test.eq(#judge({ run{ { name, 1 }, { "x", 1 } } }, { run{ { name, 9 }, { "x", 1 } } }, name .. "=2x").comparisons,
            2, name)
    end
    test.eq(one("timeliness", 1, 2).passed, false)
end)

test("a tolerance holds for figures whose last words are its name", function()
    local function two(tolerance)
        local figures = { { "test accuracy", 0.98 }, { "top accuracy", 0.99 } }
        local worse = { { "test accuracy", 0.979 }, { "top accuracy", 0.989 } }
        local list = judge({ run(figures) }, { run(worse) }, tolerance).comparisons
        return { list[1].passed, list[2].passed }
    end
    test.eq(two "accuracy=0.002", { true, true })
    test.eq(two "accuracy=0.002,top accuracy=0", { true, false })
    test.eq(two "top accuracy=0.002", { false, true })
    refused("--tolerance: the baseline has no figure 'ccuracy'; did you mean 'accuracy'?", "ccuracy=1")
end)

test("accuracy and loss of the last evaluation, where no figure goes by that name", function()
    local function evaluated(accuracy, loss)
        return { evaluations = { { accuracy = 0, loss = 9 }, { accuracy = accuracy, loss = loss } } }
    end
    local list = judge({ run({}, evaluated(0.98, 0.1)) }, { run({}, evaluated(0.97, 0.101)) },
        "accuracy=0.002,loss=2%").comparisons
    test.eq({ list[1].passed, list[2].passed }, { false, true })
    test.eq(list[1].text, "accuracy 0.97, was 0.98: worse by 0.01 (1.02 %), allowed is 0.002")
    list = judge({ run({ { "my accuracy", 1 } }, evaluated(0.98, 0.1)) },
        { run({ { "my accuracy", 1 } }, evaluated(0.97, 0.1)) }, "accuracy=0.002").comparisons
    test.eq({ #list, list[1].figure }, { 1, "my accuracy" })
end)

test("tolerances that make no sense", function()
    refused("--tolerance: the baseline has no figure 'acuracy'; did you mean 'accuracy'?", "acuracy=1")
    refused("--tolerance: the baseline has no figure 'zzzzzzzzz'; it has a=b, accuracy, cpu_seconds, loss, peak_memory, "
        .. "seconds", "zzzzzzzzz=1")
    refused("--tolerance: accuracy=0.9x: a factor says how much worse a figure may be and is at least 1x",
        "accuracy=0.9x")
    for _, text in ipairs{ "", "x", "-1", "1e999", "nan", "1 2", "0x10" } do
        refused(("--tolerance: accuracy wants 0.002, 2%% or 1.2x, got '%s'"):format(text), "accuracy=" .. text)
    end
    for _, text in ipairs{ "", "accuracy", "=1", "accuracy=1,", "," } do
        refused(("--tolerance wants figures as accuracy=0.002,seconds=1.2x, got '%s'"):format(text), text)
    end
    refused("--tolerance: accuracy is given twice", "accuracy=1,accuracy=2")
    test.write(path, json.encode{ schema = "luma.batch/1", runs = { run{ { "a=b", 1 } } } })
    test.eq(baseline.prepare{ baseline = path, tolerance = "a=b=1e-3" }.tolerances["a=b"].value, 0.001)
    os.remove(path)
end)

test("files that are no baseline", function()
    test.write(path, '{"schema":\n')
    test.ok(tostring(select(2, pcall(baseline.prepare, { baseline = path }))):find(
        "--baseline: " .. path .. " is damaged: line 2: ", 1, true))
    os.remove(path)
    refused("--baseline: B was not written by luma batch --json", nil, "[1]")
    refused("--baseline: B was not written by luma batch --json", nil, '{"schema":"luma.run/1"}')
    refused("--baseline: B was not written by luma batch --json", nil, '{"schema":"luma.batch/1","runs":3}')
    refused("--baseline: B has no runs", nil, '{"schema":"luma.batch/1","runs":[]}')
    for _, text in ipairs{ "3", "{}", '{"name":"a","figures":3}', '{"name":"a","figures":[1]}',
        '{"name":"a","expectations":[{"name":1}]}' } do
        refused("--baseline: B is damaged: run 1 is none", nil, ('{"schema":"luma.batch/1","runs":[%s]}'):format(text))
    end
    local is_good, why = pcall(baseline.prepare, { baseline = path })
    test.ok(not is_good)
    test.eq(why.message, "--baseline: cannot read " .. path)
end)

test.done()
