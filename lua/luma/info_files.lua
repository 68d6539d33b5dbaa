-- Opens sets of image files: folders of class folders, train and test of these, tables, loose pictures; and one
-- picture alone. Sets are opened at a size of one pixel: nothing is decoded before info_pictures.lua does it.

local internal = require "luma.internal"
local luma = require "luma"
local pictures = require "luma.info_pictures"
local sets = require "luma.info_sets"
local text = require "luma.info_text"

local files = {}

local ONE <const> = { 1, 1 }
-- Of images drawn; larger than what a terminal shows.
local SIDE <const> = 64

local function labels_by_file(ds)
    local label_of = {}
    for i, path in ipairs(ds.files) do
        local is_good, label = pcall(ds.label, ds, i)
        label_of[path] = is_good and label or nil
    end
    return label_of
end

local function say_sample(report, seen, part)
    if seen.in_part then
        report.notes[#report.notes + 1] = ("%spixels, damage and equal images are of %s files, evenly spread"):format(
            part.part and part.part .. ": " or "", text.commas(seen.n_tried))
    end
end

-- parts: { { part, ds } }. Fills the report; `reopen(size)` gives the first part again, to draw of.
local function measure(report, parts, reopen)
    local problems, facts = require "luma.info_problems", require "luma.info_facts"
    local measured, seen = {}, {}
    for i, part in ipairs(parts) do
        local set = { part = part.part, name = part.ds.name, classes = facts.classes(part.ds),
            ignored = part.ds.ignored }
        measured[i], seen[i] = pictures.of(report, part.ds.files, set, labels_by_file(part.ds))
        report.sets[i] = measured[i]
        say_sample(report, seen[i], part)
        if i > 1 and measured[1].part == "train" then
            pictures.compare(report, measured[1], measured[i], seen[1], seen[i])
        end
    end
    problems.find(report, measured, {})
    local s = seen[1]
    if s.n > 0 then
        local size = s.low_h == s.high_h and s.low_w == s.high_w and { s.low_h, s.low_w } or { SIDE, SIDE }
        local is_good, ds = pcall(reopen, { size = size, color = s.is_gray and "gray" or "rgb", depth = 8,
            keep_aspect_ratio = true })
        return is_good and ds or nil
    end
end

local function with(options, more)
    for name, value in pairs(more) do
        options[name] = value
    end
    return options
end

files["class folders"] = function(report, found)
    report.format = "folder of class folders"
    local function open(options)
        return luma.dataset.folder(with({ found.path, classes = found.classes }, options))
    end
    if #found.empty > 0 then
        report.problems[#report.problems + 1] = ("no image in folder%s %s"):format(#found.empty == 1 and "" or "s",
            text.clean(table.concat(found.empty, ", "), 200))
    end
    return measure(report, { { ds = sets.call(open, { size = ONE }) } }, open)
end

local part_names = { "train", "validation", "valid", "val", "test" }

files["split folders"] = function(report, found)
    report.format = "folders of class folders, one a part"
    local parts = {}
    for _, name in ipairs(part_names) do
        local path = found.path .. "/" .. name
        if internal.file_kind(path) == "folder" then
            parts[#parts + 1] = { part = name, ds = sets.call(luma.dataset.folder, { path, size = ONE }) }
        end
    end
    local names = parts[1].ds.classes
    for i = 2, #parts do
        local other = parts[i].ds.classes
        if table.concat(names, "/") ~= table.concat(other, "/") then
            report.problems[#report.problems + 1] = ("the class folders of train (%s) and %s (%s) differ"):format(
                text.clean(table.concat(names, ", "), 100), parts[i].part, text.clean(table.concat(other, ", "), 100))
        end
    end
    return measure(report, parts, function(options)
        return luma.dataset.folder(with({ found.path .. "/train" }, options))
    end)
end

-- --- tables ---

local file_columns = { "file", "filename", "file_name", "filepath", "path", "image", "image_path", "image_file", "img" }
local label_columns = { "label", "class", "category", "target", "y", "labels", "tags" }
local split_columns = { "split", "part", "subset", "set", "fold" }

local function cells(line, delimiter)
    local list = {}
    for cell in (line .. delimiter):gmatch("([^" .. delimiter .. "]*)[" .. delimiter .. "]") do
        list[#list + 1] = (cell:gsub('^%s*"?', ""):gsub('"?%s*$', ""))
    end
    return list
end

local function find_column(columns, wanted)
    for _, name in ipairs(wanted) do
        for _, column in ipairs(columns) do
            if column:lower() == name then
                return column
            end
        end
    end
end

local endings = { png = true, jpg = true, jpeg = true, bmp = true, gif = true, tga = true, pnm = true, pgm = true,
    ppm = true, pbm = true }

-- By its name, else by what the first row holds there.
local function image_column(columns, first_row)
    for i, cell in ipairs(first_row) do
        if endings[(cell:match "%.(%w+)$" or ""):lower()] then
            return columns[i]
        end
    end
    return find_column(columns, file_columns)
end

-- Text up to the first two line ends.
local function columns_of(found)
    local head = found.head:gsub("^\xef\xbb\xbf", "")
    local first, second = head:match "^([^\r\n]+)[\r\n]*([^\r\n]*)"
    local delimiter, most = ",", 0
    for candidate in (",;\t"):gmatch "." do
        local _, n = first:gsub(candidate, "")
        if n > most then
            delimiter, most = candidate, n
        end
    end
    return cells(first, delimiter), cells(second, delimiter), delimiter
end

local function open_table(found, columns, delimiter, options)
    local file, split = options.file, find_column(columns, split_columns)
    local label = find_column(columns, label_columns)
    local many = label == "labels" or label == "tags"
    local o = with({ found.path, file = file, delimiter = delimiter, split = split, size = ONE }, options)
    if many then
        o.labels = label
    elseif label then
        o.label = label
    else
        o.labelled = false
    end
    return table.pack(luma.dataset.csv(o))
end

files["table"] = function(report, found)
    local columns, first_row, delimiter = columns_of(found)
    local file = image_column(columns, first_row)
    if image_column(columns, columns) and not find_column(columns, file_columns) then
        internal.raise("EFORMAT", ("info: %s: a table without a line of column names: it begins with %s"):format(
            found.path, text.clean(table.concat(columns, ", "), 120)))
    elseif not file then
        internal.raise("EFORMAT", ("info: %s: a table with the columns %s, none of which names image files"):format(
            found.path, text.clean(table.concat(columns, ", "), 120)))
    end
    local function open(options)
        return open_table(found, columns, delimiter, with({ file = file }, options))
    end
    local opened, parts = sets.call(open, {}), {}
    local split = find_column(columns, split_columns)
    for i = 1, opened.n do
        local name = opened[i].name
        parts[i] = { part = split and (name:match "(%S+)$" or name) or nil, ds = opened[i] }
    end
    report.format = "table of image files, columns " .. text.clean(table.concat(columns, ", "), 120)
    return measure(report, parts, function(options) return open(options)[1] end)
end

-- --- pictures ---

-- Loose pictures have no classes: a table of them is not needed to look at each.
files["pictures"] = function(report, found)
    report.format = "folder of pictures, without class folders"
    report.kind = "pictures"
    local set, seen = pictures.of(report, found.files, { name = found.path, classes = {} }, {})
    report.sets[1] = set
    require "luma.info_problems".find(report, { set }, {})
    report.notes[#report.notes + 1] = "a folder for each class, or a table (.csv) of files and labels, makes a data set"
    say_sample(report, seen, {})
end

local turns = { "upright", "mirrored", "upside down", "mirrored and upside down", "mirrored, on its side",
    "on its side: turned right when read", "mirrored, on its other side", "on its side: turned left when read" }
local channel_names = { "gray", "gray and alpha", "colour", "colour and alpha" }

files["picture"] = function(report, found)
    local info = sets.call(luma.image.info, found.path)
    local image = sets.call(luma.image.load, found.path, { color = "file", depth = info.depth })
    local shape = image.shape
    report.kind, report.format = "picture", ("%s, %s"):format(info.format, text.bytes(found.size))
    report.picture = { format = info.format, height = info.height, width = info.width, channels = info.channels,
        depth = info.depth, orientation = info.orientation, min = math.tointeger(image:min()),
        max = math.tointeger(image:max()), mean = image:mean(), std = image:std() }
    report.lines = { ("%d x %d pixels (height x width), %s, %d bits a channel"):format(shape[1], shape[2],
        channel_names[info.channels], info.depth),
        ("pixels %d..%d, mean %.6f, std %.6f"):format(image:min(), image:max(), image:mean(), image:std()) }
    if info.orientation > 1 then
        report.lines[3] = ("EXIF orientation %d (%s); stored as %d x %d"):format(info.orientation,
            turns[info.orientation], info.height, info.width)
    end
    if image:min() == image:max() then
        report.problems[1] = "the picture shows nothing but one colour"
    end
    report.lines[#report.lines + 1] = "read to its end without damage"
    local color = (info.channels <= 2) and "gray" or "rgb"
    local images = luma.image.load(found.path, { color = color, depth = 8 })
    return luma.dataset.tensor{ images = images:reshape{ 1, shape[1], shape[2], images.shape[3] } }
end

return files
