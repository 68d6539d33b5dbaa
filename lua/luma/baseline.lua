-- luma batch --baseline results.json --tolerance accuracy=0.002,seconds=1.2x: figures against an earlier --json.
--
-- Runs belong together by their names, figures by theirs (the last of a name counts). Which way a figure gets worse
-- says the operator of its expectation, else its name, else every change is for the worse. seconds, cpu_seconds and
-- peak_memory of a run, accuracy and loss of its last evaluation, and figures whose names speak of time, speed or
-- memory are compared where a tolerance names them. A
-- figure that is worse, or missing now, fails its run. What cannot be read, or makes no sense, is an error before
-- anything runs. A tolerance holds for the figure of its name and for those whose last words are its name:
-- `accuracy` for "test accuracy" too.

local files = require "luma.files"
local internal = require "luma.internal"
local json = require "luma.json"
local outcome = require "luma.outcome"
local usage = require "luma.usage"

local baseline = {}

local NAMES_MAX <const> = 3
local number = outcome.number

-- --- tolerances ---

-- "0.002", "1.2x", "2%" -> { text, kind = "absolute" | "factor" | "share", value }
local function parse_tolerance(name, text)
    local digits, unit = text:match "^%s*([%d.eE+-]+)%s*([x%%]?)%s*$"
    local value = tonumber(digits or "")
    if not value or value - value ~= 0 or value < 0 then
        usage("--tolerance: %s wants 0.002, 2%% or 1.2x, got '%s'", name, text)
    elseif unit == "x" and value < 1 then
        usage("--tolerance: %s=%s: a factor says how much worse a figure may be and is at least 1x", name, text)
    elseif unit == "%" then
        return { text = digits .. " %", kind = "share", value = value / 100 }
    end
    return { text = digits .. unit, kind = unit == "x" and "factor" or "absolute", value = value }
end

local function parse_tolerances(list)
    local tolerances = {}
    for word in ((list or "") .. ","):gmatch "([^,]*)," do
        local name, text = word:match "^%s*(.-)%s*=([^=]*)$"
        if list and (not name or name == "") then
            usage("--tolerance wants figures as accuracy=0.002,seconds=1.2x, got '%s'", list)
        elseif name and tolerances[name] then
            usage("--tolerance: %s is given twice", name)
        elseif name then
            tolerances[name] = parse_tolerance(name, text)
        end
    end
    return tolerances
end

local function ends_in(name, words)
    return name == words or name:sub(-#words - 1) == " " .. words
end

-- Of several the one that says most.
local function tolerance_of(tolerances, name)
    local found
    for words in pairs(tolerances) do
        if ends_in(name, words) and (not found or #words > #found) then
            found = words
        end
    end
    return tolerances[found]
end

-- --- reading ---

local function evaluated(member)
    return function(run)
        local list = type(run.evaluations) == "table" and run.evaluations or {}
        return type(list[#list]) == "table" and list[#list][member] or nil
    end
end

-- What counts as figures of a run where a tolerance asks for it and no figure goes by that name.
local specials = {
    { "accuracy", evaluated "accuracy" },
    { "loss", evaluated "loss" },
    { "seconds", function(run) return run.seconds end },
    { "cpu_seconds", function(run) return run.cpu_seconds end },
    { "peak_memory", function(run) return run.peak_memory_bytes end },
}

local function is_named(names, words)
    for _, name in ipairs(names) do
        if ends_in(name, words) then
            return true
        end
    end
    return false
end

local function finite(value)
    return math.type(value) and value - value == 0 and value or nil
end

-- Name -> { value, where }, and the names in their order. A value that is no finite number is left out.
local function figures_of(run, tolerances)
    local figures, names = {}, {}
    for _, figure in ipairs(run.figures or {}) do
        if not figures[figure.name] then
            names[#names + 1] = figure.name
        end
        figures[figure.name] = { value = finite(figure.value), where = figure.where }
    end
    for _, special in ipairs(specials) do
        local name, value = special[1], special[2](run)
        if tolerances[name] and value and not is_named(names, name) then
            names[#names + 1] = name
            figures[name] = { value = finite(value) }
        end
    end
    return figures, names
end

local function plain_name(run)
    return (tostring(run.name):gsub("^%./", ""))
end

local function is_record(run)
    if type(run) ~= "table" or type(run.name) ~= "string" then
        return false
    end
    for _, name in ipairs{ "figures", "expectations" } do
        local list = run[name] or {}
        if type(list) ~= "table" then
            return false
        end
        for _, item in ipairs(list) do
            if type(item) ~= "table" or type(item.name) ~= "string" then
                return false
            end
        end
    end
    return true
end

local function read(path)
    local text = files.read(path)
    if not text then
        usage("--baseline: cannot read %s", path)
    end
    local results, why = json.decode(text)
    if not results then
        usage("--baseline: %s is damaged: %s", path, why)
    elseif type(results) ~= "table" or results.schema ~= "luma.batch/1" or type(results.runs) ~= "table" then
        usage("--baseline: %s was not written by luma batch --json", path)
    elseif #results.runs == 0 then
        usage("--baseline: %s has no runs", path)
    end
    for i, run in ipairs(results.runs) do
        if not is_record(run) then
            usage("--baseline: %s is damaged: run %d is none", path, i)
        end
    end
    return results
end

local function check_names(tolerances, results)
    local known = {}
    for _, special in ipairs(specials) do
        known[special[1]] = true
    end
    for _, run in ipairs(results.runs) do
        for _, figure in ipairs(run.figures or {}) do
            known[figure.name] = true
        end
    end
    local list = {}
    for name in pairs(known) do
        list[#list + 1] = name
    end
    table.sort(list)
    for name in pairs(tolerances) do
        if not is_named(list, name) then
            local near = internal.nearest(name, list)
            usage("--tolerance: the baseline has no figure '%s'%s", name,
                near and ("; did you mean '%s'?"):format(near) or "; it has " .. table.concat(list, ", "))
        end
    end
end

-- Before anything runs. Raises usage errors; gives what judge wants.
function baseline.prepare(options)
    local tolerances = parse_tolerances(options.tolerance)
    local results = read(options.baseline)
    check_names(tolerances, results)
    local runs = {}
    for _, run in ipairs(results.runs) do
        runs[plain_name(run)] = run
    end
    return { file = options.baseline, tolerances = tolerances, runs = runs, list = results.runs }
end

-- --- which way is worse ---

-- Looked for in a name in this order: "images per second" is no time.
local higher = { "per[ _]second", "/s$", "accuracy", "^acc$", "_acc$", "^acc_", "precision", "recall", "^f1", "^auc",
    "score", "throughput", "speed" }
local lower = { "loss", "error", "seconds", "time", "memory", "bytes", "rmse", "^mse", "^mae", "perplexity" }

local function has_pattern(name, patterns)
    for _, pattern in ipairs(patterns) do
        if name:lower():find(pattern) then
            return true
        end
    end
    return false
end

local better = { ["<"] = "lower", ["<="] = "lower", [">"] = "higher", [">="] = "higher", ["=="] = "same",
    ["~="] = "same" }

-- "higher", "lower" or "same": what is wanted of the figure.
local function wanted(name, run, before)
    for _, record in ipairs{ run, before } do
        for _, made in ipairs(record.expectations or {}) do
            if made.name == name and better[made.operator] then
                return better[made.operator]
            end
        end
    end
    return has_pattern(name, higher) and "higher" or has_pattern(name, lower) and "lower" or "same"
end

-- What no two runs share to the last digit: compared only where a tolerance names it.
local measured = { "seconds", "%f[%a]time%f[%A]", "memory", "per[ _]second", "/s$", "throughput", "speed" }

-- --- judging ---

local none = { text = "0", kind = "absolute", value = 0 }

-- How much worse a figure may be, in its own unit.
local function allowed(tolerance, was, kind)
    if tolerance.kind == "absolute" then
        return tolerance.value
    elseif tolerance.kind == "share" then
        return math.abs(was) * tolerance.value
    end
    return math.abs(was) * (kind == "higher" and 1 - 1 / tolerance.value or tolerance.value - 1)
end

-- 0.98 - 0.978 is more than 0.002 by what the digits of the three were rounded; equal is equal.
local function is_within(worse_by, limit, was, is)
    local rounding = limit > 0 and 2^-51 * (math.abs(was) + math.abs(is)) or 0
    return worse_by <= limit + rounding
end

local function worse_text(c, tolerance)
    local share = c.was ~= 0 and (" (%.3g %%)"):format(100 * c.worse_by / math.abs(c.was)) or ""
    return ("%s %s, was %s: %s by %.6g%s, %s"):format(c.figure, number(c.is), number(c.was),
        c.kind == "same" and "differs" or "worse", c.worse_by, share,
        tolerance.value > 0 and "allowed is " .. tolerance.text or "there is no tolerance")
end

local function compare(base, run, before, name, now, was)
    local tolerance = tolerance_of(base.tolerances, name) or none
    local c = { run = run.name, figure = name, was = was.value, is = now and now.value, tolerance = tolerance.text,
        kind = wanted(name, run, before), where = now and now.where, passed = false }
    if not now then
        c.text = ("%s is missing, was %s"):format(name, number(c.was))
    elseif not c.is then
        c.text = ("%s is no finite number, was %s"):format(name, number(c.was))
    else
        local change = c.is - c.was
        c.worse_by = c.kind == "lower" and change or c.kind == "higher" and -change or math.abs(change)
        local limit = allowed(tolerance, c.was, c.kind)
        c.passed = is_within(c.worse_by, limit, c.was, c.is)
        c.is_better = c.kind ~= "same" and -c.worse_by > limit
        c.text = c.passed and ("%s %s, was %s"):format(name, number(c.is), number(c.was)) or worse_text(c, tolerance)
    end
    return c
end

-- "a, b, c and 4 more"
local function listed(names)
    local more = #names > NAMES_MAX and (" and %d more"):format(#names - NAMES_MAX) or ""
    return table.concat(names, ", ", 1, math.min(#names, NAMES_MAX)) .. more
end

local function compare_run(base, run, before, lists)
    local now, names_now = figures_of(run, base.tolerances)
    local was, names_was = figures_of(before, base.tolerances)
    for _, name in ipairs(names_was) do
        if was[name].value and (tolerance_of(base.tolerances, name) or not has_pattern(name, measured)) then
            local c = compare(base, run, before, name, now[name], was[name])
            table.insert(lists.comparisons, c)
            run.status = c.passed and run.status or "failed"
            if c.is_better then
                table.insert(lists.better, ("%s of %s: %s"):format(name, run.name, c.text))
            end
            c.is_better = nil
        end
    end
    for _, name in ipairs(names_now) do
        if not was[name] then
            table.insert(lists.new, ("%s of %s"):format(name, run.name))
        end
    end
end

local function add_note(notes, text, names)
    if #names > 0 then
        notes[#notes + 1] = text .. listed(names)
    end
end

-- base: of prepare. Sets batch.baseline; fails runs with worse figures.
function baseline.judge(batch, base)
    local lists = { comparisons = {}, better = {}, new = {}, new_runs = {}, left = {} }
    local has_run = {}
    for _, run in ipairs(batch.runs) do
        local before = base.runs[plain_name(run)]
        has_run[plain_name(run)] = true
        if not before then
            table.insert(lists.new_runs, run.name)
        elseif outcome.is_finished(run) then
            compare_run(base, run, before, lists)
        end
    end
    for _, before in ipairs(base.list) do
        if not has_run[plain_name(before)] then
            table.insert(lists.left, before.name)
        end
    end
    local notes = {}
    add_note(notes, "better by more than the tolerance, a new baseline would hold that: ", lists.better)
    add_note(notes, "figures it does not have: ", lists.new)
    add_note(notes, "runs it does not have: ", lists.new_runs)
    add_note(notes, "runs of it that were not run: ", lists.left)
    if #lists.comparisons == 0 then
        notes[#notes + 1] = "nothing was compared, which counts as a failure: no run of this batch has a figure in it"
    end
    batch.baseline = { file = base.file, notes = notes, comparisons = lists.comparisons }
end

return baseline
