-- luma batch --expect-seeds: one verdict for the runs of a sweep that differ in their seed alone.
--
-- A figure's expectation is judged by the 95 % confidence interval of its mean over the seeds: all of it must lie on
-- the right side of the bound. Where it does, a single seed that missed the bound is excused; where it does not, the
-- batch fails, even if every seed kept it. Accuracies have Wilson's interval, others Student's t (intervals.lua).
-- == and ~=, conditions, and runs that did not end well are judged run by run as ever.

local intervals = require "luma.intervals"
local outcome = require "luma.outcome"

local seeds = {}

local CONFIDENCE <const> = 0.95
local number = outcome.number

-- --- groups ---

-- The arguments but the seed, as words in order.
local function other_words(run)
    local words = {}
    for name, value in pairs(run.given or {}) do
        if name ~= "seed" then
            words[#words + 1] = name .. "=" .. tostring(value)
        end
    end
    table.sort(words)
    return words
end

local function copy_without_seed(arguments)
    local copy = {}
    for name, value in pairs(arguments or {}) do
        copy[name] = value
    end
    copy.seed = nil
    return copy
end

-- "f.lua rate=0.1 seed=2" -> "f.lua rate=0.1", the words in the order typed.
local function group_name(run)
    local word = "seed=" .. tostring(run.given.seed)
    local words = {}
    for part in outcome.arguments(run):gmatch "%S+" do
        words[#words + 1] = part ~= word and part or nil
    end
    return table.concat({ run.file, table.unpack(words) }, " ")
end

-- Runs that took a seed, by file and other arguments: list of { name, file, arguments, seeds, runs }.
local function group_runs(runs)
    local groups, by_key = {}, {}
    for _, run in ipairs(runs) do
        if run.given and run.given.seed then
            local key = table.concat({ run.file, table.unpack(other_words(run)) }, "\0")
            local group = by_key[key]
            if not group then
                group = { name = group_name(run), file = run.file, arguments = copy_without_seed(run.arguments),
                    seeds = {}, runs = {} }
                by_key[key] = group
                groups[#groups + 1] = group
            end
            table.insert(group.runs, run)
            table.insert(group.seeds, tonumber(run.given.seed) or run.given.seed)
        end
    end
    return groups
end

-- --- expectations that belong together ---

local is_kept = {
    ["<"] = function(_, high, bound) return high < bound end,
    ["<="] = function(_, high, bound) return high <= bound end,
    [">"] = function(low, _, bound) return low > bound end,
    [">="] = function(low, _, bound) return low >= bound end,
}

-- Images behind an accuracy: of the evaluation of the run that gave it; nil for a figure that is none.
local function images_of(run, value)
    for _, evaluation in ipairs(run.evaluations or {}) do
        local n = evaluation.judged or evaluation.count
        if value and evaluation.accuracy == value and math.type(n) and n > 0 then
            return n
        end
    end
end

-- The n-th expectation of a name, operator and bound of one run belongs to the n-th of another.
local function collect(group)
    local list, by_key = {}, {}
    for _, run in ipairs(group.runs) do
        local n_seen = {}
        for _, made in ipairs(outcome.is_finished(run) and run.expectations or {}) do
            if is_kept[made.operator] and math.type(made.bound) then
                local key = ("%s\0%s\0%s"):format(made.name, made.operator, number(made.bound))
                n_seen[key] = (n_seen[key] or 0) + 1
                key = key .. "\0" .. n_seen[key]
                local all = by_key[key]
                if not all then
                    all = { made = {}, runs = {} }
                    by_key[key] = all
                    list[#list + 1] = all
                end
                table.insert(all.made, made)
                table.insert(all.runs, run)
            end
        end
    end
    return list
end

-- --- judging ---

local function is_finite(value)
    return math.type(value) and value - value == 0
end

-- Values, and the fewest images behind one of them where all are accuracies; nil and the run whose value is no number.
local function values_of(all)
    local values, fewest = {}, math.huge
    for i, made in ipairs(all.made) do
        if not is_finite(made.value) then
            return nil, all.runs[i]
        end
        values[i] = made.value
        fewest = math.min(fewest, images_of(all.runs[i], made.value) or 0)
    end
    return values, fewest > 0 and fewest or nil
end

local function interval_text(e, bound_text)
    local method = e.count and ("%s, %d images"):format(e.method, e.count) or e.method
    local verdict = ""
    if not e.passed then
        local is_touched = is_kept[e.operator](e.high, e.low, e.bound)
        verdict = is_touched and ", which crosses the bound" or ", all on the wrong side"
    end
    return ("%s over %d seeds: mean %.6g, %g %% interval %.6g to %.6g (%s)%s"):format(bound_text, e.n, e.mean,
        100 * e.confidence, e.low, e.high, method, verdict)
end

local function judge_expectation(all)
    local first = all.made[1]
    local bound_text = ("%s %s %s"):format(first.name, first.operator, number(first.bound))
    local e = { name = first.name, operator = first.operator, bound = first.bound, where = first.where, n = #all.made,
        confidence = CONFIDENCE, passed = false }
    local values, images = values_of(all)
    if not values then
        e.method = "none"
        e.text = ("%s over %d seeds: no finite number with seed=%s"):format(bound_text, e.n, images.given.seed)
        return e
    end
    if images then
        e.method, e.count = "Wilson", images
        e.low, e.high, e.mean = intervals.proportion(values, images, CONFIDENCE)
    else
        e.method = "Student's t"
        e.low, e.high, e.mean = intervals.mean(values, CONFIDENCE)
    end
    e.passed = is_kept[e.operator](e.low, e.high, e.bound)
    e.text = interval_text(e, bound_text)
    return e
end

local function has_failed_expectation(run)
    for _, made in ipairs(run.expectations) do
        if not made.passed and not made.excused then
            return true
        end
    end
    return false
end

local function excuse(all)
    for i, made in ipairs(all.made) do
        if not made.passed then
            local run = all.runs[i]
            made.excused = "seeds"
            run.status = has_failed_expectation(run) and "failed" or "passed"
        end
    end
end

local function judge_group(group)
    local judged = { name = group.name, file = group.file, arguments = group.arguments, seeds = group.seeds,
        expectations = {} }
    for _, all in ipairs(collect(group)) do
        if #all.made > 1 then
            local e = judge_expectation(all)
            table.insert(judged.expectations, e)
            if e.passed then
                excuse(all)
            end
        end
    end
    return judged
end

-- Sets batch.seeds (groups that expect something of a figure), excuses expectations and their runs. Gives lines to be
-- told to the user.
function seeds.judge(batch)
    local notes, n_groups = {}, 0
    batch.seeds = {}
    for _, group in ipairs(group_runs(batch.runs)) do
        if #group.runs > 1 then
            local judged = judge_group(group)
            n_groups = n_groups + 1
            batch.seeds[#batch.seeds + 1] = #judged.expectations > 0 and judged or nil
        else
            table.insert(notes, ("--expect-seeds: %s ran from one seed, its expectations stand as they are"):format(
                group.name))
        end
    end
    if n_groups == 0 then
        notes = { "--expect-seeds: no runs differ in their seed alone, so every run is judged by itself; "
            .. "a sweep over seeds is written seed=1..5" }
    end
    return notes
end

return seeds
