-- Opens what info_look.lua found. Each opener gives a list of { part, ds } and adds to the notes and problems
-- of the report; what cannot be opened at all is an error.

local internal = require "luma.internal"
local luma = require "luma"

local sets = {}

-- What an engine's error says, without the function that says so.
function sets.reason(e)
    local message = type(e) == "table" and e.message or tostring(e)
    return (message:gsub("^luma%.[%w_.]+: ", ""))
end

-- Calls, or raises the same error as luma info's.
function sets.call(f, ...)
    local results = table.pack(pcall(f, ...))
    if results[1] then
        return table.unpack(results, 2, results.n)
    end
    local e = results[2]
    if type(e) ~= "table" or not e.code then
        error(e, 0)
    end
    internal.raise(e.code, "info: " .. sets.reason(e))
end

local function add(report, problem, ...)
    report.problems[#report.problems + 1] = problem:format(...)
end

-- --- pairs of files: images and labels beside each other ---

local function split_path(path)
    local folder, name = path:match "^(.*/)([^/]*)$"
    return folder or "", name or path
end

-- Names that the other file of a pair may have; both ways.
local pairs_of_names = {
    { "images", "labels" }, { "idx3", "idx1" }, { "idx4", "idx1" }, { "x", "y" }, { "X", "y" }, { "data", "labels" },
}

local function swap(name, from, to)
    local first, last = name:find("%f[%w]" .. from .. "%f[^%w]")
    if not first then
        first, last = name:find("%f[%a]" .. from .. "%f[%A]")
    end
    return first and name:sub(1, first - 1) .. to .. name:sub(last + 1) or nil
end

-- Path of the file beside it that goes with it, or nil.
local function other_of(path, from, to)
    local folder, name = split_path(path)
    local tried = { [name] = true }
    local candidates = { name }
    for _, pair in ipairs(pairs_of_names) do
        for i = 1, #candidates do
            candidates[#candidates + 1] = swap(candidates[i], pair[from], pair[to])
        end
    end
    for i = 2, #candidates do
        local bare = candidates[i]:gsub("%.gz$", "")
        for _, candidate in ipairs{ candidates[i], bare, bare .. ".gz" } do
            if not tried[candidate] and internal.file_kind(folder .. candidate) == "file" then
                return folder .. candidate
            end
            tried[candidate] = true
        end
    end
end

function sets.labels_beside(path)
    return other_of(path, 1, 2)
end

function sets.images_beside(path)
    return other_of(path, 2, 1)
end

-- `make` is luma.dataset.idx or npy. Labels that do not fit the images are a problem of the report.
function sets.pair(report, make, images, labels)
    if labels then
        local is_good, ds = pcall(make, { images = images, labels = labels })
        if is_good then
            report.notes[#report.notes + 1] = "labels: " .. labels
            return { { ds = ds } }
        end
        local alone = sets.call(make, { images = images })
        add(report, "the labels cannot be used: %s", sets.reason(ds))
        return { { ds = alone } }
    end
    report.notes[#report.notes + 1] = "no file of labels beside it"
    return { { ds = sets.call(make, { images = images }) } }
end

local function train_and_test(train, test)
    return { { part = "train", ds = train }, { part = "test", ds = test } }
end

-- --- by kind ---

function sets.named(report, name)
    report.format = "data set"
    return train_and_test(luma.dataset.open(name))
end

function sets.mnist(report, found)
    report.format = "folder of IDX files, as MNIST's"
    local is_good, train, test = pcall(luma.dataset.mnist, found.path)
    if not is_good and train.code == "ENOTFOUND" then
        local missing = train.message:match "%((without [^()]*)%)%s*$"
        internal.raise("ENOTFOUND", ("info: %s: not all four files of an MNIST-like set are here%s; `luma info` "
            .. "looks at one of them, too"):format(found.path, missing and " (" .. missing .. ")" or ""))
    elseif not is_good then
        return train_and_test(sets.call(luma.dataset.mnist, found.path))
    end
    return train_and_test(train, test)
end

function sets.cifar10(report, found)
    report.format = "folder of CIFAR-10's files"
    return train_and_test(sets.call(luma.dataset.cifar10, found.path))
end

function sets.cifar(report, found)
    local ds = sets.call(luma.dataset.cifar, { found.path })
    report.format = #ds.classes == 10 and "CIFAR-10 records" or "CIFAR-100 records"
    return { { ds = ds } }
end

function sets.emnist(report, found)
    report.format = "folder of EMNIST's files"
    table.sort(found.splits)
    local list = {}
    for _, split in ipairs(found.splits) do
        local train, test = sets.call(luma.dataset.emnist, { dir = found.path, split = split })
        list[#list + 1] = { group = split, part = "train", ds = train }
        list[#list + 1] = { group = split, part = "test", ds = test }
    end
    return list
end

return sets
