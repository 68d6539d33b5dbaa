-- luma batch: many pipeline files and sweeps, each run in a process of its own.
--
-- A plan (batch_plan.lua) becomes runs; each gets a folder, is started, and ends with a record, however it ends
-- (batch_record.lua). When all have ended they are judged together and the reports are written. Whatever one run does
-- is that run's failure; the batch itself fails only where it cannot write.

local internal = require "luma.internal"
local jobs = require "luma.jobs"
local outcome = require "luma.outcome"
local Console = require "luma.batch_console"
local plan = require "luma.batch_plan"
local record = require "luma.batch_record"
local usage = require "luma.usage"

local OK, SCRIPT, USAGE, EXPECTATION, DATA, BUDGET, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
-- A moving line that stands still for longer looks stuck.
local TICK_SECONDS = 0.5

-- --- options ---

local units = { [""] = 1, K = 1e3, M = 1e6, G = 1e9, T = 1e12, KI = 2^10, MI = 2^20, GI = 2^30, TI = 2^40 }
-- A run that only starts needs less than half of it.
local MEMORY_MIN = 64e6

-- "500M" -> bytes
local function memory_bytes(text)
    local digits, unit = text:upper():match "^([%d.]+)%s*([KMGT]?I?)B?$"
    local bytes = digits and units[unit] and tonumber(digits) and tonumber(digits) * units[unit]
    if not bytes then
        usage("--memory wants a size as 500M, 2G or 1GiB, got '%s'", text)
    elseif bytes < MEMORY_MIN then
        usage("--memory wants at least 64M, got '%s'", text)
    elseif bytes >= 2^62 then
        usage("--memory wants less than %.0fT, got '%s'", 2^62 // 1e12, text)
    end
    return math.floor(bytes)
end

local reports = {
    { option = "junit", write = function(path, batch) require "luma.junit".write(path, batch) end },
    { option = "json", write = function(path, batch) require "luma.results".write(path, batch) end },
    { option = "html", write = function(path, batch) require "luma.html".write(path, batch) end },
}

-- Hours of work must not end with a report that has no place.
local function prepare_reports(options)
    local taken = {}
    for _, report in ipairs(reports) do
        local path = options[report.option]
        if path and taken[path] then
            usage("--%s and --%s are both written to %s", taken[path], report.option, path)
        elseif path then
            taken[path] = report.option
            if internal.file_kind(path) == "folder" then
                usage("--%s: %s is a folder", report.option, path)
            end
            local folder = path:match "^(.*)/[^/]*$"
            if folder and folder ~= "" then
                internal.make_folder("luma batch --" .. report.option, folder)
            end
        end
    end
    if options.tolerance and not options.baseline then
        usage("--tolerance says how much worse than --baseline FILE a figure may be: give both")
    end
end

-- Runs at once, and the threads they share; 0 threads: each gets what LUMA_THREADS says.
local function share(options, n_runs)
    local processors = jobs.processors()
    local given = math.tointeger(tonumber(os.getenv "LUMA_THREADS" or ""))
    local n = options.jobs or math.max(1, processors // (given or 1))
    return math.min(n, n_runs), given and 0 or processors
end

-- --- running ---

local function start(state, run)
    local words = { "run", "--record=" .. run.folder, run.file:find "^%-" and "./" .. run.file or run.file }
    table.move(run.words, 1, #run.words, #words + 1, words)
    return state.jobs:start{ id = run.index, words = words, output = run.folder .. "/output.txt",
        seconds = state.options.timeout, memory = state.memory }
end

local function add_record(state, run, done)
    state.records[run.index] = done
    state.console:finish(run, done)
end

local function start_next(state)
    local run = state.runs[state.next]
    run.index = state.next
    state.next = state.next + 1
    local is_open, why = pcall(record.open, run, state.options.runs)
    local is_started = is_open
    if is_open then
        is_started, why = start(state, run)
    end
    if is_started then
        state.n_running = state.n_running + 1
        state.console:begin(run)
    else
        add_record(state, run, record.fail(run, tostring(why)))
    end
end

local function end_run(state, ending)
    local run = state.runs[ending.id]
    local done, why = record.close(run, ending, state.options)
    state.n_running = state.n_running - 1
    add_record(state, run, done)
    if why then
        state.console:note(tostring(why))
        state.is_unwritten = true
    end
end

local function run_all(state, n_slots, n_threads)
    local running <close> = jobs.open(n_slots, n_threads)
    state.jobs = running
    while true do
        while state.n_running < n_slots and state.next <= #state.runs and not state.is_interrupted do
            start_next(state)
        end
        local event, ending = running:wait(state.console.is_moving and TICK_SECONDS or nil)
        if event == "end" then
            end_run(state, ending)
        elseif event == "interrupt" then
            if not state.is_interrupted then
                state.console:note "interrupted: ending the runs; once more kills them"
            end
            state.is_interrupted = true
        elseif event == "tick" then
            state.console:draw()
        elseif state.is_interrupted or state.next > #state.runs then
            return
        end
    end
end

-- --- judging ---

local function collect(state, n_slots, words)
    local runs = {}
    for i = 1, #state.runs do
        runs[#runs + 1] = state.records[i]
    end
    return {
        schema = "luma.batch/1", started = os.date("!%Y-%m-%dT%H:%M:%SZ", state.moment),
        seconds = jobs.clock() - state.started, jobs = n_slots, command = { "luma", "batch", table.unpack(words) },
        runs = runs, not_started = #state.runs - #runs, environment = require "luma.record".environment(),
    }
end

-- Calls f, tells its error, and says whether it went well: each report is written whatever became of the others.
local function attempt(state, f, ...)
    local is_good, why = pcall(f, ...)
    if not is_good then
        state.console:note(tostring(why))
        state.is_unwritten = true
    end
end

local function judge(state, batch)
    if state.options.expect_seeds then
        attempt(state, function()
            for _, note in ipairs(require "luma.seeds".judge(batch)) do
                state.console:note(note)
            end
        end)
    end
    if state.options.baseline then
        attempt(state, require "luma.baseline".judge, batch, state.baseline)
    end
    outcome.count(batch)
end

local function report(state, batch)
    for _, kind in ipairs(reports) do
        if state.options[kind.option] then
            attempt(state, kind.write, state.options[kind.option], batch)
        end
    end
end

local codes = { error = SCRIPT, crashed = SCRIPT, killed = SCRIPT, usage = USAGE, data = DATA, memory = BUDGET,
    timeout = BUDGET, interrupted = INTERRUPTED }

-- A failed expectation is what a batch is there to find; else the first failure decides.
local function exit_code(state, batch)
    if state.is_interrupted then
        return INTERRUPTED
    elseif outcome.is_failed(batch) then
        local first
        for _, run in ipairs(batch.runs) do
            if run.status == "failed" then
                return EXPECTATION
            end
            first = first or codes[run.status]
        end
        return first or EXPECTATION
    end
    return state.is_unwritten and DATA or OK
end

local function list(planned)
    for _, run in ipairs(planned.runs) do
        print((run.name:gsub("%c", "?")))
    end
    print(("%d run%s"):format(#planned.runs, #planned.runs == 1 and "" or "s"))
    return OK
end

-- options: of the command line, by name; words: files and arguments; typed: all words. Gives the exit code.
return function(options, words, typed)
    local planned = plan.make(words)
    local memory = options.memory and memory_bytes(options.memory)
    local n_slots, n_threads = share(options, #planned.runs)
    local state = {
        options = options, memory = memory, runs = planned.runs, records = {}, next = 1, n_running = 0,
        moment = os.time(), started = jobs.clock(), console = Console.new(#planned.runs, options.quiet),
    }
    for _, note in ipairs(options.quiet and {} or planned.notes) do
        state.console:note(note)
    end
    if options.list then
        return list(planned)
    end
    prepare_reports(options)
    state.baseline = options.baseline and require "luma.baseline".prepare(options)
    internal.make_folder("luma batch", options.runs or "runs")
    run_all(state, n_slots, n_threads)
    local batch = collect(state, n_slots, typed)
    judge(state, batch)
    report(state, batch)
    state.console:summary(batch, #planned.runs - #batch.runs)
    if os.getenv "GITHUB_ACTIONS" or os.getenv "GITLAB_CI" then
        attempt(state, require "luma.annotations".print, batch, options)
    end
    return exit_code(state, batch)
end
