-- luma runs: the recorded runs in a folder, newest first; and finding one of them by its id.
--
-- Other programs may write there at the same time, and a run may be killed at any moment: whatever is no
-- complete record is passed over and counted, never an error.

local files = require "luma.files"
local internal = require "luma.internal"
local json = require "luma.json"

local runs = {}

runs.FOLDER = "runs"

local RECORD = "run.json"
-- runs/<stem>/<id>/, the folder given being any of the three.
local DEPTH_MAX = 2

-- Members that hold objects by number, and those that are one.
local LISTS = { "figures", "expectations", "histories", "evaluations", "pixels", "datasets" }
local OBJECTS = { "arguments", "given", "environment" }

-- The record, so that its readers need not look: members that are not of their kind are left out.
function runs.without_damage(run)
    for _, name in ipairs(OBJECTS) do
        run[name] = type(run[name]) == "table" and run[name] or nil
    end
    for _, name in ipairs(LISTS) do
        local items = json.array()
        for _, item in ipairs(type(run[name]) == "table" and run[name] or {}) do
            items[#items + 1] = type(item) == "table" and item or nil
        end
        run[name] = run[name] and items
    end
    run.message = type(run.message) == "string" and run.message or nil
    return run
end

-- The record in a file, or nil and why not.
function runs.read(path)
    local text, why = files.read(path)
    if not text then
        return nil, why or "it cannot be read"
    end
    local run, problem = json.decode(text)
    if type(run) ~= "table" then
        return nil, problem or "it holds no record"
    elseif run.schema ~= "luma.run/1" then
        return nil, "it is no record of a run"
    elseif type(run.id) ~= "string" or type(run.status) ~= "string" then
        return nil, "id or status is missing"
    end
    return runs.without_damage(run)
end

local function is_id(name)
    return name:find "^%d%d%d%d%d%d%d%d%-%d%d%d%d%d%d%-%x%x%x%x%x%x$" ~= nil
end

local function walk(folder, depth, found)
    local names = internal.list_folder(folder) or {}
    local has_record = false
    for _, name in ipairs(names) do
        has_record = has_record or name == RECORD
    end
    if has_record then
        local run, why = runs.read(folder .. "/" .. RECORD)
        if run then
            run.folder = folder
            found.list[#found.list + 1] = run
        else
            found.skipped[#found.skipped + 1] = { folder = folder, reason = why }
        end
    elseif is_id(folder:match "[^/]*$") then
        found.skipped[#found.skipped + 1] = { folder = folder, reason = "it goes on, or was killed" }
    elseif depth < DEPTH_MAX then
        for _, name in ipairs(names) do
            local path = folder .. "/" .. name
            if internal.file_kind(path) == "folder" then
                walk(path, depth + 1, found)
            end
        end
    elseif #names > 0 then
        found.skipped[#found.skipped + 1] = { folder = folder, reason = "it holds no record" }
    end
end

local function is_newer(a, b)
    local at, bt = tostring(a.started or ""), tostring(b.started or "")
    if at == bt then
        at, bt = tonumber(a.started_at) or 0, tonumber(b.started_at) or 0
    end
    if at == bt then
        at, bt = a.id, b.id
    end
    return at > bt
end

-- Records, newest first, and { folder, reason } of what was passed over; nil and why where there is no folder.
function runs.find(folder)
    if internal.file_kind(folder) ~= "folder" then
        return nil, ("there is no folder %s"):format(folder)
    end
    local found = { list = {}, skipped = {} }
    walk((folder:gsub("(.)/+$", "%1")), 0, found)
    table.sort(found.list, is_newer)
    return found.list, found.skipped
end

-- The run of that id (a unique beginning of it, or of its digits behind the last dash), folder or file; or nil
-- and why not.
function runs.get(word, folder)
    local kind = internal.file_kind(word)
    if kind then
        local path = kind == "folder" and word:gsub("(.)/+$", "%1") .. "/" .. RECORD or word
        local run, why = runs.read(path)
        if not run then
            return nil, ("%s: %s"):format(path, why)
        end
        run.folder = path:match "^(.*)/[^/]*$" or "."
        return run
    end
    local list = runs.find(folder or runs.FOLDER)
    local matches = {}
    for _, run in ipairs(list or {}) do
        if run.id:sub(1, #word) == word or run.id:match "%x*$":sub(1, #word) == word then
            matches[#matches + 1] = run
        end
    end
    if #matches == 1 then
        return matches[1]
    elseif #matches == 0 then
        return nil, ("'%s' is no run in %s, no folder and no file"):format(word, folder or runs.FOLDER)
    end
    return nil, ("'%s' may be any of %d runs: %s, %s%s"):format(word, #matches, matches[1].id, matches[2].id,
        #matches > 2 and ", ..." or "")
end

-- --- the table ---

local FIGURES_MAX = 3

local function number_text(value)
    return math.type(value) == "integer" and tostring(value) or type(value) == "number" and ("%.4g"):format(value)
        or "nan"
end

-- How much a figure says about a run: accuracies first, of tests before all.
local function weight(name)
    local lower = name:lower()
    return (lower:find "accuracy" and 4 or lower:find "loss" and 2 or 0) + (lower:find "test" and 1 or 0)
end

-- { name, value } of the figures worth a place in a line: those the script named, else of its last evaluation.
function runs.figures(run)
    local list, last = {}, {}
    for i, figure in ipairs(type(run.figures) == "table" and run.figures or {}) do
        local name = tostring(figure.name)
        if not last[name] then
            list[#list + 1] = { name = name, place = i, weight = weight(name) }
            last[name] = list[#list]
        end
        last[name].value = figure.value
    end
    table.sort(list, function(a, b)
        return a.weight > b.weight or a.weight == b.weight and a.place < b.place
    end)
    local evaluations = type(run.evaluations) == "table" and run.evaluations or {}
    local e = evaluations[#evaluations]
    if #list == 0 and e then
        list[1] = e.accuracy and { name = "accuracy", value = e.accuracy } or { name = "loss", value = e.loss }
    end
    return { table.unpack(list, 1, FIGURES_MAX) }
end

local function figures_text(run)
    local parts = {}
    for i, figure in ipairs(runs.figures(run)) do
        parts[i] = figure.name .. " " .. number_text(figure.value)
    end
    return table.concat(parts, ", ")
end

local function is_wanted(run, filter)
    for _, text in ipairs{ run.id, run.status, run.name or run.file or "" } do
        if tostring(text):find(filter, 1, true) then
            return true
        end
    end
    return false
end

local function pad(text, width)
    return text .. (" "):rep(width - (utf8.len(text) or #text))
end

local function clean(text)
    return (tostring(text):gsub("%c", "?"))
end

local function print_table(list)
    local rows = { { "id", "status", "run", "figures", "seconds" } }
    for i, run in ipairs(list) do
        rows[i + 1] = { clean(run.id), clean(run.status), clean(run.name or run.file or "?"), clean(figures_text(run)),
            type(run.seconds) == "number" and ("%.1f"):format(run.seconds) or "" }
    end
    local widths = {}
    for _, row in ipairs(rows) do
        for k, text in ipairs(row) do
            widths[k] = math.max(widths[k] or 0, utf8.len(text) or #text)
        end
    end
    for _, row in ipairs(rows) do
        for k = 1, 4 do
            row[k] = pad(row[k], widths[k])
        end
        row[5] = (" "):rep(widths[5] - #row[5]) .. row[5]
        print(table.concat(row, "  "))
    end
end

local function say(fmt, ...)
    io.stdout:flush()
    io.stderr:write("luma: ", fmt:format(...), "\n")
end

-- Exit code.
function runs.command(filter, folder, is_json)
    local list, skipped = runs.find(folder)
    if not list then
        say("%s: `luma run --record FILE` keeps records of runs", skipped)
        return 4
    end
    local wanted = json.array()
    for _, run in ipairs(list) do
        if filter == "" or is_wanted(run, filter) then
            wanted[#wanted + 1] = run
        end
    end
    if is_json then
        print(json.encode(wanted, 1))
    elseif #wanted > 0 then
        print_table(wanted)
    else
        say("no recorded runs in %s%s", folder, filter ~= "" and #list > 0 and (" match '%s'"):format(filter) or "")
    end
    if #skipped > 0 then
        say("passed over %d folder%s without a complete record, as %s: %s", #skipped, #skipped == 1 and "" or "s",
            skipped[1].folder, skipped[1].reason)
    end
    return 0
end

return runs
