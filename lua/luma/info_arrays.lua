-- Files of arrays: IDX, NPY and NPZ. Arrays that are images become sets, with their labels where those are
-- beside them; others are listed with shape, type and range.

local internal = require "luma.internal"
local luma = require "luma"
local sets = require "luma.info_sets"
local text = require "luma.info_text"

local arrays = {}

local LABELS_MAX <const> = 65536

local function describe(name, t)
    if #t == 0 then
        return { name = name, shape = t.shape, dtype = t.dtype, count = 0,
            line = ("%s: %s %s, without any element"):format(name, t.dtype, text.shape(t.shape)) }
    end
    return { name = name, shape = t.shape, dtype = t.dtype, min = t:min(), max = t:max(), mean = t:mean(),
        std = t:std(), line = ("%s: %s %s, %s, mean %.6g, std %.6g"):format(name, t.dtype,
            #t.shape == 0 and "one number" or text.shape(t.shape), ("%.14g..%.14g"):format(t:min(),
            t:max()), t:mean(), t:std()) }
end

local function is_images(t)
    local shape = t.shape
    return #t > 0 and (#shape == 3 and shape[2] > 1 and shape[3] > 1 or #shape == 4 and shape[4] <= 4)
end

local function is_labels(t)
    local shape = t.shape
    return #t > 0 and (t.dtype == "u8" or t.dtype == "i32") and (#shape == 1 or #shape == 2 and shape[2] == 1)
        and t:min() >= 0 and t:max() < LABELS_MAX
end

-- Labels without images, counted.
local function count_labels(name, t)
    local counts, classes = {}, {}
    local flat = t:reshape{ t.shape[1] }
    for i = 1, #flat do
        counts[flat[i]] = (counts[flat[i]] or 0) + 1
    end
    for label = 0, math.tointeger(t:max()) do
        classes[label + 1] = { label = label, name = tostring(label), count = counts[label] or 0 }
    end
    return { name = name, line = ("%s: %s of %s, no images"):format(name, text.count(#flat, "label"),
        text.count(#classes, "class", "classes")), count = #flat, classes = classes }
end

-- An array alone: labels, or just numbers.
local function alone(report, name, t)
    local set = is_labels(t) and count_labels(name, t) or describe(name, t)
    set.classes = set.classes or {}
    report.kind = #set.classes > 0 and "labels" or "array"
    report.sets[#report.sets + 1] = set
    report.problems[#report.problems + 1] = #t == 0 and name .. " is empty" or nil
    require "luma.info_problems".find(report, { set }, {})
end

-- --- IDX ---

local idx_types = { [8] = "u8", [9] = "i8", [11] = "i16", [12] = "i32", [13] = "f32", [14] = "f64" }

-- EMNIST's files lie transposed, and the letters' labels begin at 1.
local function emnist(report, found)
    local folder, split, part = found.path:match "^(.-)/?emnist%-(%w+)%-(%w+)%-%w+%-idx[13]%-ubyte[^/]*$"
    if not split then
        return nil
    end
    local is_good, train, test = pcall(luma.dataset.emnist, { dir = folder == "" and "." or folder, split = split })
    if not is_good then
        return nil
    end
    report.notes[#report.notes + 1] = "EMNIST's images lie on their side in the file; they are shown upright"
    return { { ds = part == "train" and train or test } }
end

local function of_labels(report, path, make, t)
    local images = sets.images_beside(path)
    if images then
        report.notes[#report.notes + 1] = "images: " .. images
        return sets.pair(report, make, images, path)
    end
    report.notes[#report.notes + 1] = "no file of images beside it"
    return alone(report, path, t)
end

-- Tensor t of a file of its own: a set, or nothing where the report is ready.
local function of_file(report, path, make, t)
    if is_images(t) then
        return sets.pair(report, make, path, sets.labels_beside(path))
    elseif is_labels(t) and #t > 1 then
        return of_labels(report, path, make, t)
    end
    return alone(report, path, t)
end

function arrays.idx(report, found)
    local kind, rank = found.head:byte(3, 4)
    report.format = ("IDX, %s of %d dimension%s%s"):format(idx_types[kind], rank, rank == 1 and "" or "s",
        found.is_gzip and ", gzip" or "")
    local t = sets.call(internal.idx, found.path)
    return emnist(report, found) or of_file(report, found.path, luma.dataset.idx, t)
end

-- --- NPY and NPZ ---

function arrays.npy(report, found)
    local t = sets.call(luma.npy.load, found.path)
    local type_name = found.head:match "'descr'%s*:%s*'([^']*)'" or "?"
    report.format = ("NPY, %s%s"):format(text.clean(type_name, 20), found.is_gzip and ", gzip" or "")
    return of_file(report, found.path, luma.dataset.npy, t)
end

-- "x_test" has labels "y_test".
local function labels_of(all, name)
    for _, pair in ipairs{ { "x", "y" }, { "X", "y" }, { "X", "Y" }, { "images", "labels" }, { "data", "labels" } } do
        local other = name:gsub("%f[%a]" .. pair[1] .. "%f[%A]", pair[2])
        if other ~= name and all[other] and is_labels(all[other]) and #all[other] == #all[name] then
            return other
        end
    end
end

local function part_of(name)
    local lower = name:lower()
    return lower:find "train" and "train" or lower:find "test" and "test" or lower:find "val" and "validation" or name
end

local function sorted_names(all)
    local names, rank = {}, { train = 1, validation = 2, test = 3 }
    for name in pairs(all) do
        names[#names + 1] = name
    end
    table.sort(names, function(a, b)
        local ra, rb = rank[part_of(a)] or 4, rank[part_of(b)] or 4
        return ra < rb or ra == rb and a < b
    end)
    return names
end

function arrays.npz(report, found)
    local all = sets.call(luma.npz.load, found.path)
    local names, used, list = sorted_names(all), {}, {}
    report.format = "NPZ, " .. text.count(#names, "array")
    for _, name in ipairs(names) do
        if is_images(all[name]) then
            local labels = labels_of(all, name)
            used[name], used[labels or name] = true, true
            list[#list + 1] = { part = part_of(name), ds = sets.call(luma.dataset.npz, { found.path, images = name,
                labels = labels, name = name }) }
        end
    end
    for _, name in ipairs(names) do
        if not used[name] and #list == 0 then
            alone(report, name, all[name])
        elseif not used[name] then
            report.notes[#report.notes + 1] = "array " .. describe(name, all[name]).line
        end
    end
    return #list > 0 and list or nil
end

return arrays
