-- Expectations over seeds: intervals against values worked out with SciPy, and what a verdict changes.
local test = require "luma.test"
local intervals = require "luma.intervals"
local outcome = require "luma.outcome"
local seeds = require "luma.seeds"

-- scipy.stats.t.ppf(0.975, df)
test("quantiles of Student's t", function()
    for df, want in pairs{ [1] = 12.706204736174694, [2] = 4.302652729749462, [2.5] = 3.5746548420036817,
        [4] = 2.7764451051977934, [9.3] = 2.25108222468444, [30] = 2.0422724563012378, [200] = 1.9718962236339088,
        [1e6] = 1.959966356814107 } do
        test.near(intervals.quantile(0.95, df), want, 1e-10 * want, "df " .. df)
    end
    test.near(intervals.quantile(0.99, 4), 4.604094871349992, 1e-9)
    test.near(intervals.quantile(0.95, 1e300), 1.959963984540054, 1e-6)
end)

local function near(low, high, want_low, want_high)
    test.near(low, want_low, 1e-10)
    test.near(high, want_high, 1e-10)
end

-- mean +- t.ppf(0.975, n - 1) * scipy.stats.sem
test("intervals of a mean", function()
    local low, high, mean = intervals.mean({ 0.31, 0.29, 0.35, 0.30 }, 0.95)
    near(low, high, 0.270651536957256, 0.354348463042744)
    test.near(mean, 0.3125, 1e-15)
    low, high = intervals.mean({ 1, 2 }, 0.95)
    near(low, high, -4.853102368087347, 7.853102368087347)
    low, high = intervals.mean({ 0.5, 0.5, 0.5 }, 0.95)
    near(low, high, 0.5, 0.5)
end)

-- The roots x of (p - x)^2 = q^2 x (1 - x) / n, by numpy.roots.
test("Wilson's intervals", function()
    local low, high = intervals.wilson(0.98, 10000, 1.959963984540054)
    near(low, high, 0.9770660732392792, 0.9825652883248712)
    low, high = intervals.proportion({ 0.98, 0.98, 0.98 }, 10000, 0.95)
    test.near(low, 0.9770660732392792, 1e-8, "equal runs: that of one")
    test.near(high, 0.9825652883248712, 1e-8)
    low, high = intervals.proportion({ 0.981, 0.979, 0.983, 0.980, 0.982 }, 10000, 0.95)
    near(low, high, 0.9776958164082914, 0.9838227948299565)
    low, high = intervals.proportion({ 0.9, 0.95 }, 1000, 0.95)
    -- 1.23 degrees of freedom: near one the integrand's end is steep, and the quantile good to nine digits.
    test.near(low, 0.5144067001646412, 1e-9)
    test.near(high, 0.9930839368610882, 1e-9)
    low, high = intervals.proportion({ 1, 1 }, 1000, 0.95)
    test.ok(low > 0.99 and low < 1 and high <= 1)
    test.near(high, 1, 1e-12)
    low, high = intervals.proportion({ 0, 0, 0, 0, 0, 0, 0 }, 10, 0.95)
    test.ok(low >= 0 and high > 0 and high < 0.5)
    test.near(low, 0, 1e-12)
end)

-- A run with one figure and one bound on it.
local function run(seed, value, operator, bound, more)
    local is_kept = load(("return %s %s %s"):format(value, operator, bound))()
    local made = {
        name = "f.lua rate=0.1 seed=" .. seed, file = "f.lua", given = { rate = "0.1", seed = tostring(seed) },
        arguments = { rate = 0.1, seed = seed, epochs = 1, deep = false }, status = is_kept and "passed" or "failed",
        expectations = { { name = "figure", value = value, operator = operator, bound = bound, passed = is_kept,
            text = "figure", where = "f.lua:3" } },
    }
    for key, other in pairs(more or {}) do
        made[key] = other
    end
    return made
end

local function judge(runs)
    local batch = { runs = runs }
    local notes = seeds.judge(batch)
    return batch, notes
end

test("a seed that missed its bound is excused where the interval keeps it", function()
    local runs = {}
    for i, value in ipairs{ 0.31, 0.29, 0.35, 0.30 } do
        runs[i] = run(i, value, "<", 0.34 + 0.02)
    end
    runs[3].expectations[1].passed, runs[3].status = false, "failed"
    local batch, notes = judge(runs)
    local group = batch.seeds[1]
    test.eq(notes, {})
    test.eq(#batch.seeds, 1)
    test.eq(group.name, "f.lua rate=0.1")
    test.eq(group.seeds, { 1, 2, 3, 4 })
    test.eq(group.arguments, { rate = 0.1, epochs = 1, deep = false })
    local e = group.expectations[1]
    test.eq({ e.name, e.operator, e.n, e.method, e.confidence, e.passed },
        { "figure", "<", 4, "Student's t", 0.95, true })
    near(e.low, e.high, 0.270651536957256, 0.354348463042744)
    test.eq(e.text, "figure < 0.36 over 4 seeds: mean 0.3125, 95 % interval 0.270652 to 0.354348 (Student's t)")
    test.eq(runs[3].expectations[1].excused, "seeds")
    test.eq(runs[3].status, "passed")
    test.eq(runs[1].expectations[1].excused, nil)
    test.ok(not outcome.is_failed(batch))
    test.eq(batch.counts.expectations_failed, 0)
    test.eq(batch.counts.expectations_excused, 1)
end)

test("an interval across the bound fails, though every seed kept it", function()
    local batch = judge{ run(1, 0.31, "<", 0.352), run(2, 0.29, "<", 0.352), run(3, 0.35, "<", 0.352),
        run(4, 0.30, "<", 0.352) }
    local e = batch.seeds[1].expectations[1]
    test.ok(not e.passed)
    test.eq(e.text, "figure < 0.352 over 4 seeds: mean 0.3125, 95 % interval 0.270652 to 0.354348 (Student's t), "
        .. "which crosses the bound")
    test.ok(outcome.is_failed(batch))
    test.eq(batch.counts.seeds_failed, 1)
    test.eq(batch.runs[1].status, "passed")
end)

test("an interval beyond the bound excuses nobody", function()
    local batch = judge{ run(1, 1, ">=", 5), run(2, 1.01, ">=", 5) }
    test.eq(batch.seeds[1].expectations[1].text, "figure >= 5 over 2 seeds: mean 1.005, 95 % interval 0.941469 to "
        .. "1.06853 (Student's t), all on the wrong side")
    test.eq(batch.runs[1].status, "failed")
    test.eq(batch.runs[1].expectations[1].excused, nil)
end)

test("bounds that belong to an interval and those that do not", function()
    for _, case in ipairs{ { ">=", true }, { "<=", true }, { ">", false }, { "<", false } } do
        local batch = judge{ run(1, 2, case[1], 2), run(2, 2, case[1], 2) }
        test.eq(batch.seeds[1].expectations[1].passed, case[2], case[1])
    end
end)

local function evaluated(seed, accuracy, bound, count)
    return run(seed, accuracy, ">=", bound, { evaluations = {
        { title = "other", accuracy = 0.5, count = 7, judged = 7 },
        { title = "model:evaluate 1", accuracy = accuracy, count = count, judged = count } } })
end

test("accuracies: by Wilson, with the images of the evaluation that gave them", function()
    local runs = {}
    for i, value in ipairs{ 0.981, 0.979, 0.983, 0.980, 0.982 } do
        runs[i] = evaluated(i, value, 0.975, 10000)
    end
    local e = judge(runs).seeds[1].expectations[1]
    test.eq({ e.method, e.count, e.passed }, { "Wilson", 10000, true })
    near(e.low, e.high, 0.9776958164082914, 0.9838227948299565)
    test.eq(e.text, "figure >= 0.975 over 5 seeds: mean 0.981, 95 % interval 0.977696 to 0.983823 "
        .. "(Wilson, 10000 images)")
    runs[5] = evaluated(5, 0.982, 0.975, 1000)
    test.eq(judge(runs).seeds[1].expectations[1].count, 1000, "the fewest images count")
    runs[5] = run(5, 0.982, ">=", 0.975)
    test.eq(judge(runs).seeds[1].expectations[1].method, "Student's t", "one that no evaluation gave")
end)

test("a figure that is no number in one run", function()
    local runs = { run(1, 1, "<", 5), run(2, 1, "<", 5) }
    runs[2].expectations[1].value, runs[2].expectations[1].passed, runs[2].status = nil, false, "failed"
    local batch = judge(runs)
    test.eq(batch.seeds[1].expectations[1].text, "figure < 5 over 2 seeds: no finite number with seed=2")
    test.eq(runs[2].status, "failed")
    test.ok(outcome.is_failed(batch))
end)

test("what stays run by run", function()
    local condition = { name = "c", text = "c", passed = false, where = "f.lua:4" }
    local runs = { run(1, 6, "<", 5), run(2, 1, "<", 5), run(3, 1, "<", 5) }
    runs[1].expectations[1].bound, runs[2].expectations[1].bound, runs[3].expectations[1].bound = 7, 7, 8
    runs[1].expectations[2] = condition
    local equal = run(4, 3, "==", 4)
    local crashed = run(5, 100, "<", 7, { status = "crashed" })
    runs[4], runs[5] = equal, crashed
    local batch = judge(runs)
    test.eq(#batch.seeds[1].expectations, 1, "of one bound, and < alone")
    test.eq(batch.seeds[1].expectations[1].n, 2, "without the crashed one")
    test.eq({ runs[1].status, equal.status, crashed.status }, { "failed", "failed", "crashed" })
end)

test("an excused run with another failure stays failed", function()
    local runs = {}
    for i, value in ipairs{ 1, 1, 1, 1, 1, 1, 1, 1.1 } do
        runs[i] = run(i, value, "<", 1.095)
    end
    runs[8].expectations[2] = { name = "c", text = "c", passed = false, where = "f.lua:4" }
    judge(runs)
    test.eq(runs[8].expectations[1].excused, "seeds")
    test.eq(runs[8].status, "failed")
end)

test("expectations of one name belong together in their order", function()
    local runs = { run(1, 1, "<", 5), run(2, 1.5, "<", 5) }
    for i, other in ipairs{ 2, 2.5 } do
        runs[i].expectations[2] = { name = "figure", value = other, operator = "<", bound = 5, passed = true }
    end
    local list = judge(runs).seeds[1].expectations
    test.near(list[1].mean, 1.25, 1e-15)
    test.near(list[2].mean, 2.25, 1e-15)
end)

test("without seeds to compare it says so", function()
    local batch, notes = judge{ run(1, 1, "<", 0), { name = "g.lua", file = "g.lua", given = {}, status = "passed" } }
    test.eq(batch.seeds, {})
    test.eq(notes, { "--expect-seeds: no runs differ in their seed alone, so every run is judged by itself; a sweep "
        .. "over seeds is written seed=1..5" })
    test.eq(batch.runs[1].status, "failed")
    local other = run(1, 1, "<", 5, { name = "f.lua rate=0.2 seed=1", given = { rate = "0.2", seed = "1" } })
    batch, notes = judge{ run(1, 1, "<", 5), run(2, 1, "<", 5), other }
    test.eq(#batch.seeds, 1)
    test.eq(notes, { "--expect-seeds: f.lua rate=0.2 ran from one seed, its expectations stand as they are" })
end)

test.done()
