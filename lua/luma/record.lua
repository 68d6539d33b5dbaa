-- Records of runs: what a run was, did and measured, in a folder of its own (luma run --record).
--
-- A record is made of what the run did anyway: nothing of it changes a result, and a run that is not
-- recorded loads none of this. The folder is  runs/<file stem>/<YYYYMMDD-HHMMSS>-<6 hex digits>/  (UTC; made
-- by one mkdir, so that any number of runs may start at once) or the one given, and holds
--   run.json       written last, in one step: where it is missing the run goes on or was killed
--   script.lua     the source as it was run
--   output.txt     what was printed (by `luma batch`)
--   history-1.csv  each training's figures;  scaled-1.png, wrong-1.png: contact sheets
--
-- run.json, whose members are left out, or empty lists, where they do not apply; readers tolerate that:
--   schema "luma.run/1"; id "<YYYYMMDD-HHMMSS>-<hex>"; folder; file "pipelines/01_normalize.lua" as typed; name: file
--     and words of the command line; given { epochs = "1" } as typed; arguments { epochs = 1 }: values with defaults
--   started "2026-01-31T12:00:00Z"; started_at: the same, seconds since 1970 with a fraction; status passed | failed
--     (expectations) | error | usage | data | memory | interrupted, and from luma batch also timeout | crashed |
--     killed; exit_code, signal ("SIGSEGV", batch) or null; message: first line of the error; seconds: wall;
--     cpu_seconds: user and system; peak_memory_bytes
--   figures [{ name, value, where }]: of luma.log and of luma.expect(name, value, ...); NaN and infinities are null
--   expectations [{ name, text, passed, where; value, operator, bound of the form with a figure }]
--   histories [{ title "model:fit 1", where, columns ["epoch", "loss", ...], rows [[...], ...], file }]: of every loop
--     of model:fit and model:train, those left early or by an error with the epochs they had
--   evaluations [{ title "model:evaluate 1", where, dataset, count, correct, judged, loss, accuracy, classes [...],
--     confusion [[a row a true class, a column a predicted one]] (up to 100 classes),
--     wrong [{ index from 1, label, predicted: class numbers from 0 }] (the first 32), sheet, sheet_columns }]: of
--     every model:evaluate of the script, the last 100; sheets (raw pixels of the wrong ones, row by row) of the last 8
--   pixels [{ title, where, dataset, images (how many were looked at), before { edges [n + 1], counts [n] } and after
--     (n: 256 and 64), sheet (16 scaled images as the first epoch has them, stretched to bytes), sheet_columns,
--     labels [...] (class numbers) }]: of the flow each model:fit and model:train learns from, the first 8
--   datasets [{ name, count, shape [h, w, c], classes: how many, sha256, digest_of "contents" | "names and sizes" }]:
--     sets that were opened, and those of flows that came about otherwise; parts count as the set they are of
--   warnings ["..."];  environment { luma, lua, isa, threads, processors, processor, system, memory_bytes }

local args = require "luma.args"
local engine = require "luma.engine.record"
local expect = require "luma.expect"
local files = require "luma.files"
local internal = require "luma.internal"
local json = require "luma.json"
local luma = require "luma"
local watch = require "luma.record_watch"

local record = {}

local fn = "luma run --record"
local run                -- the record in the making

-- --- before the script ---

local STEM_MAX = 64

-- "dir/01_normalize.lua" -> "01_normalize"
local function stem_of(script)
    local stem = script:match "([^/]*)$":gsub("%.lua$", ""):gsub("[%c/]", "_"):sub(1, STEM_MAX)
    return stem:find "^[%-.]*$" and "script" or stem
end

local function new_id(moment)
    return os.date("!%Y%m%d-%H%M%S", moment) .. "-" .. engine.random_hex(6)
end

local ID_PATTERN = "^%d%d%d%d%d%d%d%d%-%d%d%d%d%d%d%-%x%x%x%x%x%x$"

function record.is_id(text)
    return text:find(ID_PATTERN) ~= nil
end

local TRIES = 100

-- A folder nobody else has, in `above` (nil: "runs"): its path, its id. `luma batch` makes the folders of its runs with
-- this, in its own name `who`.
function record.new_folder(script, moment, above, who)
    who = who or fn
    above = (above or "runs") .. "/" .. stem_of(script)
    internal.make_folder(who, above)
    for _ = 1, TRIES do
        local id = new_id(moment or os.time())
        local is_made, why, is_there = internal.make_new_folder(above .. "/" .. id)
        if is_made then
            return above .. "/" .. id, id
        elseif not is_there then
            internal.raise("EIO", ("%s: cannot make a folder in %s: %s"):format(who, above, why))
        end
    end
    internal.raise("EIO", ("%s: cannot find a free name for a folder in %s"):format(who, above))
end

-- folder "" stands for one of its own. Raises when it cannot be written. Gives the source, or nil.
function record.begin(folder, script, words)
    local moment = os.time()
    local id
    if folder == "" then
        folder, id = record.new_folder(script, moment)
    else
        internal.make_folder(fn, folder)
        local name = folder:match "([^/]*)/*$"
        id = record.is_id(name) and name or new_id(moment)
        internal.remove(folder .. "/run.json")
    end
    local given = {}
    for _, word in ipairs(words) do
        local name, text = word:match "^([%a_][%w_]*)=(.*)$"
        if name then
            given[name] = given[name] or text
        end
    end
    run = {
        schema = "luma.run/1", id = id, folder = folder, file = script, given = given,
        name = table.concat({ script, table.unpack(words) }, " "), started = os.date("!%Y-%m-%dT%H:%M:%SZ", moment),
    }
    local source = script == "-" and io.read "a" or files.read(script)
    if source then
        internal.write(fn, folder .. "/script.lua", source)
    end
    run.started_at = engine.start()
    watch.start()
    return source
end

-- --- after it ---

local statuses = { [0] = "passed", [2] = "usage", [3] = "failed", [4] = "data", [5] = "memory", [130] = "interrupted" }

local function figures()
    local list = json.array()
    for i, figure in ipairs(expect.figures()) do
        list[i] = { name = figure.name, value = figure.value, where = figure.where }
    end
    return list
end

local function expectations()
    local list = json.array()
    for i, check in ipairs(expect.checks()) do
        list[i] = { name = check.name, text = check.text, passed = check.is_ok, value = check.value,
            operator = check.op, bound = check.bound, where = check.where }
    end
    return list
end

function record.environment()
    local machine = engine.machine()
    machine.luma, machine.lua, machine.isa, machine.threads = luma.version, engine.lua, luma.isa, luma.threads
    return machine
end

-- What the program ends with: exit code, the error's text or nil, whether printed results were lost.
function record.finish(code, message, is_lost)
    if is_lost and code == 0 then
        code, message = 4, message or "results were lost: cannot write to standard output"
    end
    run.arguments = args.resolved()
    run.status = statuses[code] or "error"
    run.exit_code = code
    run.signal = json.null
    run.message = message and message:match "^[^\r\n]*" or json.null
    run.figures, run.expectations = figures(), expectations()
    run.warnings = json.array(engine.warnings())
    run.environment = record.environment()
    for name, list in pairs(watch.finish(run.folder)) do
        run[name] = list
    end
    run.seconds, run.cpu_seconds, run.peak_memory_bytes = engine.usage()
    internal.write(fn, run.folder .. "/run.json", json.encode(run, 1) .. "\n")
    return code
end

return record
