-- luma info PATH|NAME: what a data set, picture, model, array or recorded run holds.
--
-- info_look.lua says what a path is, by content; one opener a kind gives sets to measure (info_facts.lua,
-- info_problems.lua) or a report that is ready. The report is plain values: printed, or written as JSON.

local internal = require "luma.internal"
local json = require "luma.json"
local luma = require "luma"

local OK <const> = 0

local function new_report(path)
    return { schema = "luma.info/1", path = path, kind = "data set", sets = json.array(), notes = json.array(),
        problems = json.array() }
end

-- Sets of one group are compared with each other and no others.
local function measure(report, opened)
    local facts, problems = require "luma.info_facts", require "luma.info_problems"
    local group, sets, looks
    for _, part in ipairs(opened) do
        if not sets or part.group ~= group then
            if sets then
                problems.find(report, sets, looks)
            end
            group, sets, looks = part.group, {}, {}
        end
        local set, look = facts.of(part.ds, part.part)
        set.group = part.group
        sets[#sets + 1], looks[#looks + 1] = set, look
        report.sets[#report.sets + 1] = set
    end
    problems.find(report, sets, looks)
    return opened[1].ds
end

local openers = {}

-- An opener that gives no sets has filled the report itself.
local function of_sets(kind, file)
    openers[kind] = function(report, found)
        local opened = require(file)[kind](report, found)
        return opened and measure(report, opened)
    end
end

for _, kind in ipairs{ "mnist", "cifar10", "cifar", "emnist" } do
    of_sets(kind, "luma.info_sets")
end
for _, kind in ipairs{ "idx", "npy", "npz" } do
    of_sets(kind, "luma.info_arrays")
end


local files = {
    ["luma.info_files"] = { "class folders", "split folders", "table", "pictures", "picture" },
    ["luma.info_models"] = { "safetensors" },
    ["luma.info_run"] = { "run", "json" },
}
for file, kinds in pairs(files) do
    for _, kind in ipairs(kinds) do
        openers[kind] = function(report, found)
            return require(file)[kind](report, found)
        end
    end
end

-- The report, and the data set to draw of it.
local function look(word)
    local report = new_report(word)
    if require "luma.open".is_name(word) and not internal.file_kind(word) then
        return report, measure(report, require "luma.info_sets".named(report, word))
    elseif not internal.file_kind(word) and not word:find "[/.]" then
        luma.dataset.open(word)
    end
    local found = require "luma.info_look".at(word)
    return report, openers[found.kind](report, found)
end

return function(word, format)
    local report, drawn = look(word)
    if format == "json" then
        report.lines, report.rows = nil, nil
        for _, set in ipairs(report.sets) do
            set.line, set.lines = nil, nil
        end
        print(json.encode(report, 1))
    else
        require "luma.info_print".report(report, drawn)
    end
    return OK
end
