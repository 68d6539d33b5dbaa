-- What a batch says while it runs and at its end.
--
-- Results go to stdout: a line a finished run, the last lines that failed ones printed, the summary. On a terminal
-- stderr has one moving line about what is running; it is wiped before anything else is written.

local color = require "luma.color"
local internal = require "luma.internal"
local jobs = require "luma.jobs"
local outcome = require "luma.outcome"
local tail = require "luma.tail"

local TAIL_LINES = 20
local REASON_MAX = 160
local SLOWEST = 3
local STDERR <const>, WIDTH_UNKNOWN <const> = 2, 80

local console = {}
console.__index = console

function console.new(n_runs, is_quiet)
    return setmetatable({
        n_runs = n_runs, n_ended = 0, n_failed = 0, is_quiet = is_quiet, started = jobs.clock(), seconds = 0,
        is_moving = not is_quiet and internal.is_terminal(STDERR), running = {},
    }, console)
end

-- "0.4 s", "3:05", "1:02:03"
local function duration(seconds)
    if seconds < 59.95 then
        return ("%.1f s"):format(seconds)
    end
    local whole = math.floor(seconds + 0.5)
    local hours, minutes = whole // 3600, whole // 60 % 60
    return hours > 0 and ("%d:%02d:%02d"):format(hours, minutes, whole % 60) or ("%d:%02d"):format(minutes, whole % 60)
end

-- File names may hold anything; a line on the terminal may not.
local function shown(text)
    return (text:gsub("%c", "?"))
end

local function shorten(text, most)
    local n = utf8.len(text)
    if n and n > most then
        return text:sub(1, utf8.offset(text, most - 2) - 1) .. "..."
    end
    return text
end

-- --- the moving line ---

function console:wipe()
    if self.is_drawn then
        io.stderr:write("\r\27[K")
        io.stderr:flush()
        self.is_drawn = false
    end
end

-- The runs still to do take as long as those before did, so many at once.
function console:time_left()
    if self.n_ended == 0 then
        return ""
    end
    local passed = jobs.clock() - self.started
    return (", about %s left"):format(duration(passed / self.n_ended * (self.n_runs - self.n_ended)))
end

function console:draw()
    if not self.is_moving then
        return
    end
    local n_running, oldest = 0, nil
    for _, run in pairs(self.running) do
        n_running = n_running + 1
        oldest = (not oldest or run.begun < oldest.begun) and run or oldest
    end
    if n_running > 0 then
        local failed = self.n_failed > 0 and (", %d failed"):format(self.n_failed) or ""
        local line = ("%d of %d done%s, %d running%s  %s"):format(self.n_ended, self.n_runs, failed, n_running,
            self:time_left(), shown(oldest.name))
        io.stderr:write("\r", shorten(line, (internal.columns(STDERR) or WIDTH_UNKNOWN) - 1), "\27[K")
        io.stderr:flush()
        self.is_drawn = true
    end
end

-- --- a run ---

function console:begin(run)
    run.begun = jobs.clock()
    self.running[run] = run
    self:draw()
end

local function reason(problems)
    local text = problems[1] and problems[1].text or "failed"
    local more = #problems > 1 and (" and %d more"):format(#problems - 1) or ""
    return shorten(shown(text), REASON_MAX) .. more
end

local function print_tail(record)
    local path = record.folder and record.folder .. "/output.txt"
    local lines = path and tail(path, TAIL_LINES) or {}
    if #lines > 0 then
        print("        the end of " .. shown(path) .. ":")
    end
    -- A line that began with :: would be a command to GitHub, blanks or not.
    for _, line in ipairs(lines) do
        print("        | " .. line)
    end
end

function console:finish(run, record)
    self.running[run] = nil
    self.n_ended = self.n_ended + 1
    local is_good = outcome.is_good(record)
    self.n_failed = self.n_failed + (is_good and 0 or 1)
    self:wipe()
    if not is_good then
        print(("%s  %7s  %s  (%s)"):format(color("red", "FAILED"), duration(record.seconds), shown(record.name),
            reason(outcome.problems({ runs = {} }, record))))
        print_tail(record)
    elseif not self.is_quiet then
        print(("%s      %7s  %s"):format(color("green", "ok"), duration(record.seconds), shown(record.name)))
    end
    io.stdout:flush()
    self:draw()
end

-- --- the end ---

local function by_time(a, b)
    return a.seconds > b.seconds
end

local function print_slowest(batch)
    if #batch.runs <= SLOWEST then
        return
    end
    local runs = table.move(batch.runs, 1, #batch.runs, 1, {})
    table.sort(runs, by_time)
    print "slowest:"
    for i = 1, SLOWEST do
        print(("        %7s  %s"):format(duration(runs[i].seconds), shown(runs[i].name)))
    end
end

local function print_failed(batch)
    local failed = {}
    for _, run in ipairs(batch.runs) do
        if not outcome.is_good(run) then
            failed[#failed + 1] = run
        end
    end
    if #failed > 0 and #batch.runs > 1 then
        print "failed:"
        for _, run in ipairs(failed) do
            print(("        %s  (%s)"):format(shown(run.name), reason(outcome.problems(batch, run))))
        end
    end
end

local function verdict(is_good)
    return is_good and color("green", "ok") .. "      " or color("red", "FAILED") .. "  "
end

local function print_seeds(batch)
    for _, group in ipairs(batch.seeds or {}) do
        print(("over %d seeds of %s:"):format(#group.seeds, shown(group.name)))
        for _, expectation in ipairs(group.expectations) do
            print("        " .. verdict(expectation.passed) .. shown(expectation.text))
        end
    end
end

local function print_baseline(batch)
    local baseline = batch.baseline
    for _, note in ipairs(baseline and baseline.notes or {}) do
        print("baseline: " .. shown(note))
    end
    for _, comparison in ipairs(baseline and baseline.comparisons or {}) do
        if not comparison.passed then
            print(verdict(false) .. shown(comparison.run) .. ": " .. shown(comparison.text))
        end
    end
end

-- n_left: runs that were not started.
function console:summary(batch, n_left)
    self:wipe()
    local counts = batch.counts
    if not self.is_quiet then
        print_slowest(batch)
    end
    print_failed(batch)
    print_seeds(batch)
    print_baseline(batch)
    local n_held = counts.expectations - counts.expectations_failed - counts.expectations_excused
    local excused = counts.expectations_excused > 0 and (", %d excused"):format(counts.expectations_excused) or ""
    local checks = counts.expectations > 0 and ("; %d of %d expectations held%s"):format(n_held, counts.expectations,
        excused) or ""
    local left = n_left > 0 and (", %d not started"):format(n_left) or ""
    print(("%d passed, %d failed%s in %s%s"):format(counts.passed, counts.failed, left, duration(batch.seconds),
        checks))
    io.stdout:flush()
end

-- About the batch itself: stderr.
function console:note(text)
    self:wipe()
    io.stdout:flush()
    io.stderr:write("luma: ", shown(text), "\n")
end

return console
