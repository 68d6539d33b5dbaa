-- The record of a run of a batch: its folder before it starts; after it ended, what only the parent knows.
--
-- The child writes run.json as the last thing it does. What it left is completed here, and where it left none (it
-- crashed, or was killed) the record is made of what is known from outside. Either way the file is written in one step.

local files = require "luma.files"
local internal = require "luma.internal"
local json = require "luma.json"
local outcome = require "luma.outcome"
local record = require "luma.record"

local M = {}

local fn = "luma batch"
local statuses = { [0] = "passed", [2] = "usage", [3] = "failed", [4] = "data", [5] = "memory", [130] = "interrupted" }
local crashes = {}
for name in ("SEGV BUS ILL FPE ABRT TRAP SYS"):gmatch "%u+" do
    crashes["SIG" .. name] = true
end

-- Sets run.folder, run.id, run.started. Raises where the folder cannot be made.
function M.open(run, above)
    local moment = os.time()
    run.started = os.date("!%Y-%m-%dT%H:%M:%SZ", moment)
    run.folder, run.id = record.new_folder(run.file, moment, above, fn)
end

-- What the child wrote, or the beginnings of it.
local function left_by_child(run)
    local text = files.read(run.folder .. "/run.json")
    local left = text and json.decode(text)
    if type(left) == "table" and left.schema == "luma.run/1" then
        return require("luma.runs").without_damage(left)
    end
    local lists = {}
    for name in ("figures expectations histories evaluations pixels datasets warnings"):gmatch "%a+" do
        lists[name] = json.array()
    end
    lists.schema, lists.environment = "luma.run/1", record.environment()
    return lists
end

local function status_of(ending)
    if ending.cause ~= "ended" then
        return ending.cause
    elseif ending.signal then
        return crashes[ending.signal] and "crashed" or "killed"
    end
    return statuses[ending.exit_code] or "error"
end

local function message_of(status, ending, left, limits)
    if status == "timeout" then
        return ("after %g s"):format(limits.timeout)
    elseif status == "killed" and ending.signal == "SIGKILL" then
        return "perhaps by the system, for lack of memory"
    elseif status == "error" and not left.message then
        return ("exit code %d"):format(ending.exit_code)
    elseif status == "data" and not left.status then
        return "it could not write its record"
    end
    return ending.cause == "ended" and left.message or nil
end

-- Digits beyond it are noise.
local function microseconds(seconds)
    return math.floor(seconds * 1e6 + 0.5) / 1e6
end

local function write(run)
    local copy = outcome.with_nulls(run)
    for _, name in ipairs{ "exit_code", "signal", "message" } do
        copy[name] = copy[name] == nil and json.null or copy[name]
    end
    internal.write(fn, run.folder .. "/run.json", json.encode(copy, 1) .. "\n")
end

-- run: of the plan, opened; ending: from jobs:wait; limits: { timeout = }. Gives the record, and the error when it
-- could not be written.
function M.close(run, ending, limits)
    local left = left_by_child(run)
    local status = status_of(ending)
    left.name, left.file, left.given, left.started = run.name, run.file, run.given, run.started
    left.folder, left.id = run.folder, run.id
    left.arguments = left.arguments or run.given
    left.message = message_of(status, ending, left, limits)
    left.status, left.exit_code, left.signal = status, ending.exit_code, ending.signal
    left.seconds, left.cpu_seconds = microseconds(ending.seconds), microseconds(ending.cpu_seconds)
    left.peak_memory_bytes = ending.peak_memory_bytes
    local is_written, why = pcall(write, left)
    return left, not is_written and why or nil
end

-- A run that could not even be started.
function M.fail(run, why)
    local moment = os.date("!%Y-%m-%dT%H:%M:%SZ")
    return { schema = "luma.run/1", name = run.name, file = run.file, given = run.given, arguments = run.given,
        id = run.id, folder = run.folder, started = run.started or moment, status = "data", message = why, seconds = 0,
        cpu_seconds = 0, peak_memory_bytes = 0, environment = record.environment() }
end

return M
