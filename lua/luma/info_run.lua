-- A recorded run, in short: how it ended, with what, and how good it was. luma report makes a page of it.

local json = require "luma.json"
local internal = require "luma.internal"
local runs = require "luma.runs"
local text = require "luma.info_text"

local run = {}

local function list(value)
    return type(value) == "table" and value or {}
end

-- The tables among them: whoever wrote the file may have put in anything.
local function records(value)
    local found = {}
    for _, one in ipairs(list(value)) do
        found[#found + 1] = type(one) == "table" and one or nil
    end
    return found
end

local function plain(value)
    return type(value) == "table" and json.encode(value) or tostring(value)
end

local function number(value)
    return type(value) == "number" and json.digits(value) or "?"
end

local function arguments(record)
    local names, parts = {}, {}
    for name in pairs(list(record.arguments)) do
        names[#names + 1] = tostring(name)
    end
    table.sort(names)
    for i, name in ipairs(names) do
        parts[i] = ("%s=%s"):format(name, plain(record.arguments[name]))
    end
    return #parts > 0 and "arguments " .. table.concat(parts, " ") or nil
end

local function add_expectations(lines, record)
    for _, check in ipairs(records(record.expectations)) do
        lines[#lines + 1] = (check.passed and "ok      " or "FAILED  ")
            .. text.clean(check.text or check.name or "?", 200)
    end
    for _, figure in ipairs(records(record.figures)) do
        lines[#lines + 1] = ("figure  %s %s"):format(text.clean(figure.name or "?", 60), number(figure.value))
    end
end

local function shape_text(shape)
    local parts = {}
    for i, extent in ipairs(shape) do
        parts[i] = tostring(extent)
    end
    return table.concat(parts, "x")
end

local function add_data(lines, record)
    for _, set in ipairs(records(record.datasets)) do
        lines[#lines + 1] = ("data    %s: %s, %s, sha256 %s"):format(text.clean(set.name or "?", 60),
            text.count(math.tointeger(tonumber(set.count)) or 0, "image"), text.clean(shape_text(list(set.shape)), 40),
            text.clean(set.sha256 or "?", 16))
    end
    for _, history in ipairs(records(record.histories)) do
        lines[#lines + 1] = ("trained %s, %s"):format(text.clean(history.title or "model", 60),
            text.count(#list(history.rows), "epoch"))
    end
    for _, e in ipairs(records(record.evaluations)) do
        lines[#lines + 1] = ("tested  on %s: accuracy %s, loss %s"):format(text.clean(e.dataset or "?", 60),
            number(e.accuracy), number(e.loss))
    end
end

local function describe(report, record)
    local lines = { ("run %s: %s%s"):format(text.clean(record.id, 60), text.clean(record.status, 20),
        record.exit_code and (", exit code %s"):format(number(record.exit_code)) or "") }
    lines[#lines + 1] = text.clean(record.name or record.file or "?", 200)
    lines[#lines + 1] = arguments(record) and text.clean(arguments(record), 400)
    lines[#lines + 1] = ("started %s, took %s s"):format(text.clean(record.started or "?", 40),
        type(record.seconds) == "number" and ("%.1f"):format(record.seconds) or "?")
    lines[#lines + 1] = record.message and "message " .. text.clean(record.message, 400)
    report.kind, report.format, report.run = "run", "recorded run", record
    report.lines = lines
    report.rows = {}
    add_expectations(report.rows, record)
    add_data(report.rows, record)
    for _, warning in ipairs(list(record.warnings)) do
        report.notes[#report.notes + 1] = "warning: " .. text.clean(plain(warning), 400)
    end
end

function run.run(report, found)
    local record, why = runs.get(found.path)
    if not record then
        internal.raise("EFORMAT", "info: " .. why)
    end
    describe(report, record)
end

-- A file of JSON that is no record is none of ours.
function run.json(report, found)
    local record, why = runs.read(found.path)
    if not record then
        internal.raise("EFORMAT", ("info: %s: JSON, but %s"):format(found.path, why))
    end
    describe(report, record)
end

return run
