-- luma batch --junit FILE: results as CI servers read them.
--
-- A run is a <testsuite>; its test cases are its end ("runs to its end": errors, timeouts, crashes are told there),
-- its expectations and its comparisons with the baseline; expectations over seeds follow as suites of their own. Names
-- hold no figures, so that a server knows a case again from one batch to the next, and none is there twice: GitLab
-- reads only the first of equal names. What is written satisfies the schema of Jenkins' xUnit plugin (junit-10.xsd),
-- which knows `file` of a suite only; a case names its line in its text.

local internal = require "luma.internal"
local json = require "luma.json"
local outcome = require "luma.outcome"
local tail = require "luma.tail"

local junit = {}

-- GitLab reads files of up to 30 MB: thousands of runs fit.
local OUTPUT_LINES = 100

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

-- Text fit for elements; characters that XML 1.0 has not are left out.
local function escape(text)
    text = json.utf8(tostring(text)):gsub("[\0-\8\11\12\14-\31]", ""):gsub("\xEF\xBF[\xBE\xBF]", "")
    return (text:gsub('[&<>"]', entities))
end

local controls = { ["\t"] = "&#9;", ["\n"] = "&#10;", ["\r"] = "&#13;" }

-- A reader turns line ends of attributes into blanks unless they are written as numbers.
local function attribute(text)
    return (escape(text):gsub("[\t\n\r]", controls))
end

-- list: { name, value, name, value, ... }; without a value nothing is written.
local function tag(name, list)
    local out = { "<" .. name }
    for i = 1, #list, 2 do
        out[#out + 1] = (' %s="%s"'):format(list[i], attribute(list[i + 1]))
    end
    return table.concat(out)
end

local function seconds(value)
    return ("%.3f"):format(math.type(value) and value >= 0 and value < 1e12 and value or 0)
end

-- --- cases ---

-- A case: { name, seconds, problem = { kind = "failure" | "error", type, message, text } or nil, note: text or nil }
local function add(suite, case)
    local name, n = case.name, 1
    while suite.names[name] do
        n = n + 1
        name = ("%s (%d)"):format(case.name, n)
    end
    suite.names[name] = true
    case.name = name
    suite.cases[#suite.cases + 1] = case
    if case.problem then
        suite[case.problem.kind] = suite[case.problem.kind] + 1
    end
end

local function failure(kind, message, where)
    local text = where and ("%s\n%s"):format(message, where) or message
    return { kind = "failure", type = kind, message = message, text = text }
end

-- "accuracy >= 0.98"
local function bound_text(expectation)
    return ("%s %s %s"):format(expectation.name, expectation.operator, outcome.number(expectation.bound))
end

local function expectation_case(expectation)
    local name = expectation.operator and expectation.bound and bound_text(expectation) or expectation.text
    local is_missed = not expectation.passed
    local case = { name = tostring(name), seconds = 0 }
    if is_missed and expectation.excused then
        case.note = ("%s: not counted, the interval over all seeds keeps the bound"):format(expectation.text)
    elseif is_missed then
        case.problem = failure("expectation", tostring(expectation.text), expectation.where)
    end
    return case
end

local function end_case(batch, run)
    local case = { name = "runs to its end", seconds = run.seconds }
    local problems = outcome.problems(batch, run)
    local last = problems[#problems]
    if not outcome.is_finished(run) then
        local where = last.line and ("%s:%d"):format(last.file, last.line)
        local text = where and ("%s\n%s"):format(last.text, where) or last.text
        case.problem = { kind = "error", type = tostring(run.status), message = last.text, text = text }
    elseif #problems == 1 and last.text == (run.message or "failed") then
        case.problem = failure("failed", last.text)
    end
    return case
end

local function comparison_case(comparison)
    return {
        name = "baseline: " .. tostring(comparison.figure), seconds = 0, note = comparison.passed and comparison.text,
        problem = not comparison.passed and failure("baseline", tostring(comparison.text), comparison.where) or nil,
    }
end

-- --- suites ---

local function new_suite(name, file)
    local class = tostring(file or name):gsub("^%./", ""):gsub("%.lua$", ""):gsub("%.", "_"):gsub("/+", ".")
    return { name = name, file = file, class = class, cases = {}, names = {}, failure = 0, error = 0, properties = {} }
end

local function add_property(suite, name, value)
    if value ~= nil and value ~= json.null then
        local text = math.type(value) and outcome.number(value) or tostring(value)
        table.insert(suite.properties, { name = name, value = text })
    end
end

local function add_table(suite, prefix, t)
    local names = {}
    for name in pairs(t or {}) do
        names[#names + 1] = tostring(name)
    end
    table.sort(names)
    for _, name in ipairs(names) do
        add_property(suite, prefix .. name, t[name])
    end
end

local function run_suite(batch, run)
    local suite = new_suite(run.name, run.file)
    suite.started, suite.seconds = run.started, run.seconds
    suite.arguments = outcome.arguments(run)
    suite.output = run.folder and tail(run.folder .. "/output.txt", OUTPUT_LINES) or {}
    add_table(suite, "argument.", run.arguments)
    for _, figure in ipairs(run.figures or {}) do
        add_property(suite, "figure." .. tostring(figure.name), figure.value)
    end
    for _, name in ipairs{ "status", "folder", "cpu_seconds", "peak_memory_bytes" } do
        add_property(suite, name, run[name])
    end
    add_table(suite, "environment.", run.environment)
    add(suite, end_case(batch, run))
    for _, expectation in ipairs(run.expectations or {}) do
        add(suite, expectation_case(expectation))
    end
    for _, comparison in ipairs(batch.baseline and batch.baseline.comparisons or {}) do
        if comparison.run == run.name then
            add(suite, comparison_case(comparison))
        end
    end
    return suite
end

local function seeds_suite(group)
    local suite = new_suite(("%s over %d seeds"):format(group.name, #group.seeds), group.file)
    suite.arguments = ((group.file and group.name:sub(#group.file + 2) or "") .. " over seeds"):gsub("^ +", "")
    for _, expectation in ipairs(group.expectations) do
        local case = { name = bound_text(expectation), seconds = 0, note = expectation.passed and expectation.text }
        case.problem = not expectation.passed and failure("seeds", expectation.text, expectation.where) or nil
        add(suite, case)
    end
    return suite
end

-- --- writing ---

local function put_case(out, suite, case)
    local name = #(suite.arguments or "") > 0 and ("%s [%s]"):format(case.name, suite.arguments) or case.name
    out[#out + 1] = "    " .. tag("testcase",
        { "classname", suite.class, "name", name, "time", seconds(case.seconds) })
    local problem = case.problem
    if problem then
        out[#out + 1] = (">\n      %s>%s</%s>\n    </testcase>\n"):format(
            tag(problem.kind, { "message", problem.message, "type", problem.type }), escape(problem.text), problem.kind)
    elseif case.note then
        out[#out + 1] = (">\n      <system-out>%s</system-out>\n    </testcase>\n"):format(escape(case.note))
    else
        out[#out + 1] = "/>\n"
    end
end

local function put_suite(out, suite, id)
    local list = { "id", id, "name", suite.name, "tests", #suite.cases, "failures", suite.failure,
        "errors", suite.error, "time", seconds(suite.seconds) }
    for _, more in ipairs{ { "timestamp", suite.started }, { "file", suite.file } } do
        if more[2] then
            table.move(more, 1, 2, #list + 1, list)
        end
    end
    out[#out + 1] = "  " .. tag("testsuite", list) .. ">\n"
    if #suite.properties > 0 then
        out[#out + 1] = "    <properties>\n"
        for _, property in ipairs(suite.properties) do
            out[#out + 1] = "      " .. tag("property", { "name", property.name, "value", property.value }) .. "/>\n"
        end
        out[#out + 1] = "    </properties>\n"
    end
    for _, case in ipairs(suite.cases) do
        put_case(out, suite, case)
    end
    if suite.output and #suite.output > 0 then
        out[#out + 1] = ("    <system-out>%s\n</system-out>\n"):format(escape(table.concat(suite.output, "\n")))
    end
    out[#out + 1] = "  </testsuite>\n"
end

function junit.text(batch)
    local suites, sums = {}, { cases = 0, failure = 0, error = 0 }
    for _, run in ipairs(batch.runs) do
        suites[#suites + 1] = run_suite(batch, run)
    end
    for _, group in ipairs(batch.seeds or {}) do
        suites[#suites + 1] = #group.expectations > 0 and seeds_suite(group) or nil
    end
    local body = {}
    for i, suite in ipairs(suites) do
        put_suite(body, suite, i - 1)
        sums.cases = sums.cases + #suite.cases
        sums.failure, sums.error = sums.failure + suite.failure, sums.error + suite.error
    end
    local head = tag("testsuites", { "name", "luma batch", "tests", sums.cases, "failures", sums.failure,
        "errors", sums.error, "time", seconds(batch.seconds) })
    return '<?xml version="1.0" encoding="UTF-8"?>\n' .. head .. ">\n" .. table.concat(body) .. "</testsuites>\n"
end

function junit.write(path, batch)
    internal.write("luma batch --junit", path, junit.text(batch))
end

return junit
