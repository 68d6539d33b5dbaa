-- luma report: one page of recorded runs, as luma batch --html writes it of its own.

local files = require "luma.files"
local html = require "luma.html"
local internal = require "luma.internal"
local json = require "luma.json"
local runs = require "luma.runs"
local text = require "luma.html_text"

local report = {}

local OK <const>, DATA <const> = 0, 4

-- The batch that `luma batch --json` wrote into a file, or nil.
local function batch_of(path)
    local written = internal.file_kind(path) == "file" and files.read(path)
    local batch = written and json.decode(written)
    return type(batch) == "table" and batch.schema == "luma.batch/1" and batch or nil
end

-- All runs of a folder, oldest first, or nil.
local function runs_in(folder)
    if internal.file_kind(folder) ~= "folder" or internal.file_kind(folder .. "/run.json") then
        return nil
    end
    local newest_first, oldest_first = runs.find(folder), {}
    for i = #newest_first, 1, -1 do
        oldest_first[#oldest_first + 1] = newest_first[i]
    end
    return oldest_first
end

-- The runs that a word of the command line means; nil and why not.
local function find(word, folder)
    local several = runs_in(word)
    if several then
        return several
    end
    local run, why = runs.get(word, folder)
    return run and { run }, why
end

local function collect(words, folder)
    local list, seen = {}, {}
    for _, word in ipairs(words) do
        local found, why = find(word, folder)
        if not found then
            return nil, why
        end
        for _, run in ipairs(found) do
            list[#list + 1] = not seen[run.folder] and run or nil
            seen[run.folder] = true
        end
    end
    if #list == 0 then
        return nil, ("there is no recorded run in %s: `luma run --record FILE` keeps records"):format(
            table.concat(words, ", "))
    end
    return { runs = list }
end

-- Writes the page; exit code.
function report.command(path, folder, ...)
    local words = { ... }
    if #words == 0 then
        words[1] = folder
    end
    local batch, why = #words == 1 and batch_of(words[1]) or nil, nil
    if not batch then
        batch, why = collect(words, folder)
    end
    if not batch then
        io.stdout:flush()
        io.stderr:write("luma: ", why, "\n")
        return DATA
    end
    local n_bytes = html.write(path, batch)
    print(("%s: %s, %s"):format(path, text.plural(#text.list(batch, "runs"), "run"), text.size(n_bytes)))
    return OK
end

return report
