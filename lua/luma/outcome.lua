-- What the runs of a batch came to: counts, what went wrong, where. Every report reads it here.
--
-- A run is good when its status is "passed". An expectation counts as failed unless it is excused: a
-- figure's bound that this seed missed and the interval over all seeds keeps (seeds.lua). Besides runs, a
-- batch fails by its seeds (an interval that misses its bound), and by a baseline with which nothing could
-- be compared; worse figures fail the runs themselves (baseline.lua).
--
-- batch.counts = { runs, passed, failed, expectations, expectations_failed, expectations_excused, seeds_failed }

local json = require "luma.json"

local outcome = {}

-- Statuses of runs that did not end by themselves or not well, in words.
local endings = {
    error = "ended with an error",
    usage = "was not called as it wants to be",
    data = "lacks data, or they are damaged",
    memory = "ran out of memory",
    timeout = "ran out of time",
    crashed = "crashed",
    killed = "was killed",
    interrupted = "was interrupted",
}

-- "0.9751": a float rounded to nine digits, as luma.expect prints it.
function outcome.number(value)
    return math.type(value) == "float" and ("%.9g"):format(value) or tostring(value)
end

local function is_missed(expectation)
    return not expectation.passed and not expectation.excused
end

function outcome.is_good(run)
    return run.status == "passed"
end

-- Whether the run ended by itself, with whatever its expectations said.
function outcome.is_finished(run)
    return run.status == "passed" or run.status == "failed"
end

-- Counts anew and keeps the counts in the batch.
function outcome.count(batch)
    local counts = { runs = 0, passed = 0, failed = 0, expectations = 0, expectations_failed = 0,
        expectations_excused = 0, seeds_failed = 0 }
    for _, run in ipairs(batch.runs) do
        counts.runs = counts.runs + 1
        local key = outcome.is_good(run) and "passed" or "failed"
        counts[key] = counts[key] + 1
        for _, expectation in ipairs(run.expectations or {}) do
            counts.expectations = counts.expectations + 1
            counts.expectations_failed = counts.expectations_failed + (is_missed(expectation) and 1 or 0)
            counts.expectations_excused = counts.expectations_excused + (expectation.excused and 1 or 0)
        end
    end
    for _, group in ipairs(batch.seeds or {}) do
        for _, expectation in ipairs(group.expectations) do
            counts.seeds_failed = counts.seeds_failed + (expectation.passed and 0 or 1)
        end
    end
    batch.counts = counts
    return counts
end

-- Nothing ran, a run failed, or seeds did, or nothing was compared.
function outcome.is_failed(batch)
    local counts = outcome.count(batch)
    return counts.runs == 0 or counts.failed > 0 or counts.seeds_failed > 0
        or (batch.baseline ~= nil and #batch.baseline.comparisons == 0)
end

-- "f.lua:12" -> "f.lua", 12; a text without a line: the run's file.
function outcome.place(run, where)
    local file, line = tostring(where or ""):match "^(.+):(%d+)$"
    return file or run.file, math.tointeger(tonumber(line))
end

-- What tells a run from others of its file: "epochs=1 seed=2", or "".
function outcome.arguments(run)
    local name, file = run.name or "", run.file or ""
    if #file > 0 and name:sub(1, #file + 1) == file .. " " then
        return name:sub(#file + 2)
    end
    local words = {}
    for key, value in pairs(run.given or {}) do
        words[#words + 1] = key .. "=" .. tostring(value)
    end
    table.sort(words)
    return table.concat(words, " ")
end

-- How a run ended that did not finish: "ran out of time: after 60 s".
function outcome.ending(run)
    local words = endings[run.status] or tostring(run.status)
    if run.signal then
        words = words .. " by " .. run.signal
    end
    return run.message and words .. ": " .. run.message or words
end

-- The line an error's message begins with, "f.lua:3: ...", where it does.
local function error_place(run)
    local where = tostring(run.message or ""):match "^(.-:%d+): "
    if where and run.file and where:sub(1, #run.file) == run.file then
        return where
    end
end

-- Comparisons with the baseline that the run lost.
local function worse_figures(batch, run)
    local list = {}
    for _, comparison in ipairs(batch.baseline and batch.baseline.comparisons or {}) do
        if comparison.run == run.name and not comparison.passed then
            list[#list + 1] = comparison
        end
    end
    return list
end

-- What is wrong with a run: list of { text=, file=, line=, is_error= }; empty for a good one.
function outcome.problems(batch, run)
    local list = {}
    local function add(text, where, is_error)
        local file, line = outcome.place(run, where)
        list[#list + 1] = { text = text, file = file, line = line, is_error = is_error }
    end
    for _, expectation in ipairs(run.expectations or {}) do
        if is_missed(expectation) then
            add(expectation.text, expectation.where)
        end
    end
    for _, comparison in ipairs(worse_figures(batch, run)) do
        add(comparison.text, comparison.where)
    end
    if not outcome.is_finished(run) then
        add(outcome.ending(run), error_place(run), true)
    elseif not outcome.is_good(run) and #list == 0 then
        add(run.message or "failed")
    end
    return list
end

local lists = {
    batch = { "command", "runs", "seeds" },
    run = { "figures", "expectations", "histories", "evaluations", "pixels", "datasets", "warnings" },
    group = { "seeds", "expectations" },
    baseline = { "comparisons", "notes" },
}

-- A copy whose empty lists are JSON lists; `kind` names the lists that stand in any case.
local function listed(t, kind)
    local copy = {}
    for key, value in pairs(t) do
        copy[key] = value
    end
    for _, key in ipairs(lists[kind]) do
        copy[key] = json.array(table.move(t[key] or {}, 1, #(t[key] or {}), 1, {}))
    end
    return copy
end

-- A run's record as JSON has it: null where a figure is no finite number, which reading it leaves out.
function outcome.with_nulls(run)
    local copy = {}
    for key, value in pairs(run) do
        copy[key] = value
    end
    for _, name in ipairs{ "figures", "expectations" } do
        local items = json.array()
        for i, item in ipairs(run[name] or {}) do
            items[i] = item
            if item.value == nil and (name == "figures" or item.operator) then
                items[i] = { value = json.null }
                for key, value in pairs(item) do
                    items[i][key] = value
                end
            end
        end
        copy[name] = run[name] and items
    end
    return copy
end

-- The batch as it is written to JSON: every list is there, empty or not.
function outcome.listed(batch)
    local copy = listed(batch, "batch")
    for i, run in ipairs(copy.runs) do
        copy.runs[i] = listed(outcome.with_nulls(run), "run")
    end
    for i, group in ipairs(copy.seeds) do
        copy.seeds[i] = listed(group, "group")
    end
    copy.baseline = batch.baseline and listed(batch.baseline, "baseline")
    return copy
end

return outcome
