-- luma new NAME [--data=WHAT]: a commented pipeline file to begin with, which runs as it is.

local internal = require "luma.internal"
local luma = require "luma"
local open = require "luma.open"

local function usage(fmt, ...)
    require "luma.usage"("new: " .. fmt, ...)
end

local HEAD = [[
-- %s: loads images, scales them just in time, trains a small network and checks how good it is.
--
--     luma run %s
--     luma run %s epochs=5%s
--     luma batch %s seed=1..5 --html report.html

-- What the command line may change, with types and defaults; other names are refused.
local args = luma.args{ data = %s, epochs = %d, rate = 1e-3, seed = 0%s }
]]

local BODY = [[
print(train, test)
luma.seed = args.seed           -- same seed, same bits: on any machine, with any number of threads

-- Scaling: the stages run in the order written. What is learned from pixels (here nothing yet; try
-- luma.standardize "feature" behind rescale) is learned from the training images alone.
local scale = luma.generator{ luma.rescale(1/255) }
scale:fit(train)

-- Augmentation: small changes, drawn anew every epoch, seen in training only. Fewer are better at first.
local poses = scale:augment{ luma.rotate(8), luma.shift{ height = 0.07, width = 0.07 } }
local train_flow = poses:flow(train, { batch = 32 })
local test_flow = scale:flow(test, { shuffle = false })

-- The network: convolutions find shapes, pooling halves the maps, the last layer names a class.
local nn = luma.nn
local model = luma.model{
    input = train.shape,
    nn.conv{ 16, act = "relu" }, nn.maxpool{ 2 },
    nn.conv{ 32, act = "relu" }, nn.maxpool{ 2 },
    nn.flatten{}, nn.dense{ #train.classes, act = "softmax" },
}
print(model:summary())

local history = model:fit{
    train_flow, epochs = args.epochs, validate = test_flow, optimizer = luma.adam{ rate = args.rate },
}
print(history)

-- A run whose expectation fails ends with exit code 3: that is how CI sees that something got worse.
local result = model:evaluate(test_flow)
print(result)
]]

local FOOT = [[

-- The model with its scaling, in one file: luma.load gives both back.
model:save(%s, { generator = scale })
]]

local KNOWN = "local chance = 1 / #train.classes\n"
    .. "luma.expect(\"test accuracy\", result.accuracy, \">=\", (1 + chance) / 2)   -- raise it when you know more\n"

-- --- where the data come from ---

local function open_block()
    return "\nlocal train, test = luma.dataset.open(args.data, { train = args.train, test = 2000 })\n"
end

local function folder_block()
    return [[

-- A folder a class. Damaged files are named and left out; each class keeps its share in both parts.
local photos = luma.dataset.folder{ args.data, size = { 32, 32 }, on_error = "skip", cache = "memory" }
for _, left_out in ipairs(photos.skipped) do
    print("left out: " .. left_out.file, left_out.reason)
end
local train, test = photos:split{ 0.8, seed = 7 }
]]
end

local function open_folder(path)
    luma.dataset.folder{ path, size = { 32, 32 } }
    return folder_block()
end

local function open_archive(path)
    luma.dataset.npz{ path, images = "x_train" }
    return open_block()
end

-- The cells of a line; a quote in one is not looked into.
local function cells_of(line, delimiter)
    local cells = {}
    for cell in (line .. delimiter):gmatch("([^" .. delimiter .. "]*)" .. delimiter) do
        cells[#cells + 1] = cell:gsub("\"", "")
    end
    return cells
end

local is_picture = { png = true, jpg = true, jpeg = true, bmp = true, gif = true, tga = true, pnm = true, pgm = true,
    ppm = true }
local is_class = { label = true, class = true, category = true, target = true }

-- Which columns hold paths of pictures, classes and the parts train and test, as the first row shows.
local function columns_of(path)
    local file <close> = assert(io.open(path, "rb"))
    local head = (file:read "l" or ""):gsub("^\xef\xbb\xbf", ""):gsub("\r", "")
    local delimiter = head:match "[,;\t]" or ","
    local names, row = cells_of(head, delimiter), cells_of((file:read "l" or ""):gsub("\r", ""), delimiter)
    local found = { names = names, delimiter = delimiter }
    for i, name in ipairs(names) do
        local word = name:lower()
        if not found.file and is_picture[((row[i] or ""):match "%.(%w+)$" or ""):lower()] then
            found.file = name
        elseif word == "split" or word == "part" then
            found.split = (row[i] == "train" or row[i] == "test") and name or nil
        elseif not found.label or is_class[word] then
            found.label = name
        end
    end
    return found
end

local function csv_block(path)
    local found = columns_of(path)
    if not found.file or not found.label then
        usage("%s has no column of %s in its first row; its columns are %s", path,
            found.file and "classes" or "pictures' paths", table.concat(found.names, ", "))
    end
    local delimiter = found.delimiter ~= "," and (", delimiter = %q"):format(found.delimiter):gsub("\t", "t") or ""
    local text = ("\n-- A table of paths and classes, one picture a line.\nlocal %s = luma.dataset.csv{\n"
        .. "    args.data, file = %q, label = %q%s, size = { 32, 32 }, cache = \"memory\",\n"):format(
        found.split and "train, test" or "photos", found.file, found.label, delimiter)
    if found.split then
        return text .. ("    split = %q, split_value = { \"train\", \"test\" },\n}\n"):format(found.split)
    end
    return text .. "}\nlocal train, test = photos:split{ 0.8, seed = 7 }     -- each class keeps its share in both\n"
end

local function split_folders(path)
    return internal.file_kind(path .. "/train") == "folder" and internal.file_kind(path .. "/test") == "folder"
end

local function holds_idx(path)
    for _, name in ipairs(internal.list_folder(path) or {}) do
        if name:find "^train%-images" or name:find "^data_batch_1%.bin" then
            return true
        end
    end
    return false
end

-- The lines that open `data`, whether args.train means something there, and `data` as they want it: a
-- word without a slash would be looked for among the names of data sets.
local function data_block(data)
    local kind = internal.file_kind(data)
    if open.is_name(data) then
        return open_block(), true
    elseif kind == "folder" and (split_folders(data) or holds_idx(data)) then
        return open_block(), true, data:find "/" and data or "./" .. data
    elseif kind == "folder" then
        return open_folder(data), false
    elseif kind == "file" and data:lower():find "%.csv$" then
        return csv_block(data), false
    elseif kind == "file" and data:lower():find "%.npz$" then
        return open_archive(data), true, data:find "/" and data or "./" .. data
    elseif kind then
        usage("--data wants a name, a folder of images, a table (.csv) or an archive (.npz); luma info %s says what "
            .. "that file is", data)
    end
    local near = internal.nearest(data, open.names)
    usage("there is neither a data set nor a path '%s'%s names are %s", data,
        near and ("; did you mean '%s'?"):format(near) or ";", table.concat(open.names, ", "))
end

local function check_name(name)
    local path = name:gsub("%.lua$", "")
    local stem = path:match "[^/]*$"
    if not stem:find "^[%w_][%w_-]*$" or not path:find "^[%w_./][%w_./-]*$" then
        usage("'%s' is no name for a file: letters, digits, _ and - make one", name)
    end
    return path .. ".lua"
end

return function(name, data)
    local path = check_name(name)
    if internal.file_kind(path) then
        usage("%s is there already; it was left as it is", path)
    end
    data = data or "digits"
    local block, has_train, found = data_block(data)
    data = found or data
    local stem = path:match "([^/]*)%.lua$"
    local text = HEAD:format(stem, path, path, data == "digits" and " data=mnist" or "", path, ("%q"):format(data),
        has_train and 3 or 8, has_train and ", train = 10000" or "")
    internal.write("luma new", path, text .. block .. BODY .. KNOWN
        .. FOOT:format(("%q"):format(stem .. ".safetensors")))
    print(("%s is written; try\n    luma run %s"):format(path, path))
    return 0
end
