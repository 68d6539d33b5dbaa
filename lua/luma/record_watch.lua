-- What a recorded run is watched for: trainings, evaluations, data sets. See record.lua for what comes of it.
--
-- The watchers stand where nothing stands in other runs: fit.watch, and functions put around model:evaluate and
-- the members of luma.dataset. They look at what went by and draw no random number, so results keep their
-- bits; what cannot be looked at (an image that cannot be read) is left out of the record and fails where the
-- script itself meets it.

local engine = require "luma.engine.record"
local fit = require "luma.fit"
local History = require "luma.history"
local internal = require "luma.internal"
local json = require "luma.json"
local luma = require "luma"

local watch = {}

local HISTORIES_MAX, EVALUATIONS_MAX, SHEETS_MAX, DATASETS_MAX, CLASSES_MAX = 200, 100, 8, 64, 100

local histories = json.array()
local evaluations = json.array()
local pixels = json.array()
local datasets = json.array()
local sheets = {}        -- file name -> tensor, written at the end
local n_fits, n_evaluations = 0, 0

-- --- data sets ---

local seen = {}

-- The sets that hold its images, where they were not seen before.
local function note(dataset)
    for k = 1, engine.roots(dataset) do
        local root, key = engine.root(dataset, k)
        if not seen[key] and #datasets < DATASETS_MAX then
            seen[key] = true
            local is_good, sha256, of = pcall(engine.digest, dataset, k)
            if is_good then
                root.sha256, root.digest_of = sha256, of
            end
            datasets[#datasets + 1] = root
        end
    end
end

local function is_dataset(value)
    return type(value) == "userdata" and internal.value(value) == "a dataset"
end

local function noting(...)
    for i = 1, select("#", ...) do
        local value = select(i, ...)
        if is_dataset(value) then
            note(value)
        end
    end
    return ...
end

-- Members of files that are not loaded yet are marks: looking one up loads its file.
local function watch_datasets()
    local members = debug.getregistry()["luma.modules"]["luma.dataset"]
    local names = {}
    for name in pairs(members) do
        names[#names + 1] = name
    end
    for _, name in ipairs(names) do
        local open = luma.dataset[name]
        if type(open) == "function" then
            members[name] = function(...)
                return noting(open(...))
            end
        end
    end
end

-- --- trainings ---

local function look_at_pixels(title, flow)
    local is_good, entry, sheet, items = pcall(engine.probe, flow)
    if not is_good then
        return
    end
    local dataset = flow.dataset
    entry.title, entry.where, entry.dataset = title, internal.where(), dataset.name
    entry.labels = json.array()
    for k, i in ipairs(items) do
        local has_label, label = pcall(dataset.label, dataset, i)
        if has_label and math.type(label) then
            entry.labels[k] = label
        end
    end
    entry.sheet = ("scaled-%d.png"):format(#pixels + 1)
    sheets[entry.sheet] = sheet
    pixels[#pixels + 1] = entry
end

-- A training and its epochs so far: a history, which knows the figures' order.
local function start_training(fn, settings)
    n_fits = n_fits + 1
    local title = ("%s %d"):format(fn, n_fits)
    note(settings.flow.dataset)
    if #pixels < SHEETS_MAX then
        look_at_pixels(title, settings.flow)
    end
    local history = History.new()
    if #histories < HISTORIES_MAX then
        histories[#histories + 1] = { title = title, where = internal.where(), history = history }
    end
    return function(m, rate)
        local rate_of_user = m.rate
        m.rate = rate
        History.add(history, m)
        m.rate = rate_of_user
    end
end

-- --- evaluations ---

local function drop_old()
    if #evaluations > EVALUATIONS_MAX then
        table.remove(evaluations, 1)
    end
    local old = evaluations[#evaluations - SHEETS_MAX]
    if old and old.sheet then
        sheets[old.sheet] = nil
        old.sheet, old.sheet_columns = nil, nil
    end
end

local function confusion_of(result, n)
    local rows = {}
    for row = 1, n do
        rows[row] = result.confusion[row]:table()
    end
    return rows
end

local function keep_evaluation(flow, result, wrong)
    n_evaluations = n_evaluations + 1
    local dataset = flow.dataset
    local entry = {
        title = ("model:evaluate %d"):format(n_evaluations), where = internal.where(), dataset = dataset.name,
        count = result.count, correct = result.correct, judged = result.judged, loss = result.loss,
        accuracy = result.accuracy,
    }
    local classes = dataset.classes
    if wrong and result.confusion and #classes <= CLASSES_MAX then
        entry.classes, entry.confusion = classes, confusion_of(result, #classes)
    end
    if wrong then
        entry.wrong = json.array(wrong)
    end
    if wrong and #wrong > 0 then
        local items = {}
        for k, image in ipairs(wrong) do
            items[k] = image.index
        end
        local is_good, sheet, columns = pcall(engine.sheet, dataset, items)
        if is_good then
            entry.sheet, entry.sheet_columns = ("wrong-%d.png"):format(n_evaluations), columns
            sheets[entry.sheet] = sheet
        end
    end
    evaluations[#evaluations + 1] = entry
    drop_old()
    note(dataset)
end

-- The library's own evaluations, of a validation flow after an epoch, are in the history.
local function is_own_call()
    local caller = debug.getinfo(3, "S")
    return caller ~= nil and caller.source:find("^=%[luma%.") ~= nil
end

local function watch_evaluate()
    local evaluate
    evaluate = engine.replace("model:evaluate", function(...)
        if is_own_call() then
            return evaluate(...)
        end
        local result, wrong = engine.evaluate(...)
        keep_evaluation((select(2, ...)), result, wrong)
        return result
    end)
end

function watch.start()
    fit.watch = start_training
    watch_datasets()
    watch_evaluate()
end

-- --- at the end ---

local function table_of(history)
    local columns, rows = { "epoch" }, json.array()
    for _, name in ipairs(History.figures) do
        if history[name] then
            columns[#columns + 1] = name
        end
    end
    for epoch = 1, history.epochs do
        local row = { epoch }
        for k = 2, #columns do
            row[k] = history[columns[k]][epoch] or json.null
        end
        rows[epoch] = row
    end
    return columns, rows
end

-- Writes sheets and histories into the folder; the members of the record.
function watch.finish(folder)
    for i, entry in ipairs(histories) do
        entry.file = ("history-%d.csv"):format(i)
        entry.columns, entry.rows = table_of(entry.history)
        entry.history:save(folder .. "/" .. entry.file)
        entry.history = nil
    end
    for name, sheet in pairs(sheets) do
        sheet:save(folder .. "/" .. name)
    end
    return { histories = histories, evaluations = evaluations, pixels = pixels, datasets = datasets }
end

return watch
