-- The flows of luma.keras from files: a folder a class, a table of files.

local internal = require "luma.internal"
local engine = require "luma.engine.keras"
local flows = require "luma.keras_flow"
local tables = require "luma.keras_table"

local new, range_of, spec_of, fail = flows.new, flows.range_of, flows.spec_of, flows.fail

local files = {}

local image_options = {
    { name = "target_size", kind = "pair", min = 1, default = { 256, 256 }, text = "{ height, width } of the images" },
    { name = "color_mode", kind = "choice", choices = { "grayscale", "rgb", "rgba" }, default = "rgb",
        text = "channels of the images" },
    { name = "interpolation", kind = "choice",
        choices = { "nearest", "bilinear", "bicubic", "lanczos", "box", "hamming" }, default = "nearest",
        text = "filter of resizing" },
    { name = "keep_aspect_ratio", kind = "boolean", default = false, text = "cut to the target's proportions first" },
}

-- Keras reads no GIF.
local function is_picture(path)
    local ending = path:lower():match "%.(%w+)$"
    return ending == "png" or ending == "jpg" or ending == "jpeg" or ending == "bmp" or ending == "ppm"
end

local function file_set(fn, o, rows)
    rows.size, rows.color = o.target_size, o.color_mode == "grayscale" and "gray" or o.color_mode
    rows.resize, rows.keep_aspect_ratio = o.interpolation, o.keep_aspect_ratio
    return engine.files(fn, rows)
end

local forms = { categorical = "one_hot", binary = "class", sparse = "class", input = "input", none = "none" }

local function index_of(classes)
    local index = {}
    for k, class in ipairs(classes) do
        index[class] = k - 1
    end
    return index
end

local directory_spec = spec_of{
    { name = "classes", kind = "table", text = "names of the class folders, in order" },
    { name = "class_mode", kind = "table", text = "form of y" },
    { name = "follow_links", kind = "boolean", default = false, text = "enter linked folders" },
    image_options[1], image_options[2], image_options[3], image_options[4],
}

local function take_class_mode(fn, given, modes)
    local copy = {}
    flows.check_options(fn, given)
    for name, value in pairs(given or {}) do copy[name] = value end
    local mode = copy.class_mode
    copy.class_mode = nil
    if mode == nil then
        mode = "categorical"
    elseif mode == false then
        mode = "none"
    end
    for _, known in ipairs(modes) do
        if mode == known then
            return mode, copy
        end
    end
    fail("EARG", fn, "option 'class_mode' wants one of %s, got %s", table.concat(modes, ", "), internal.value(mode))
end

local function check_classes(fn, dir, classes, there)
    local seen, exists = {}, {}
    for _, name in ipairs(there) do exists[name] = true end
    for _, class in ipairs(classes) do
        if type(class) ~= "string" then
            fail("EARG", fn, "option 'classes' holds %s, wanted names of folders", internal.value(class))
        elseif seen[class] then
            fail("EARG", fn, "option 'classes' names '%s' twice", class)
        elseif class:find "/" then
            fail("EARG", fn, "class '%s' is no name of a folder directly in %s", class, dir)
        elseif not exists[class] then
            local near = internal.nearest(class, there)
            fail("ENOTFOUND", fn, "there is no class folder '%s' in %s%s", class, dir,
                near and ("; did you mean '%s'?"):format(near) or "")
        end
        seen[class] = true
    end
end

function files.flow_from_directory(g, dir, given)
    local fn = g.class .. ":flow_from_directory"
    if type(dir) ~= "string" then
        internal.raise("EARG", ("%s: argument 1 wants the path of a directory, got %s"):format(fn, internal.value(dir)))
    end
    local mode, plain = take_class_mode(fn, given, { "categorical", "binary", "sparse", "input", "none" })
    local o = internal.options(fn, plain, directory_spec)
    local there = engine.folders(fn, dir, true)
    local classes = o.classes or there
    if o.classes then
        check_classes(fn, dir, classes, there)
    end
    if #classes == 0 then
        fail("ENOTFOUND", fn, "%s holds no folders; each class is a folder of images", dir)
    end
    if mode == "binary" and #classes ~= 2 then
        fail("EARG", fn, "class_mode=\"binary\" wants two classes, %s has %d", dir, #classes)
    end
    if o.subset then
        range_of(g, fn, o.subset, 1, "any")
    end
    local rows, names = { paths = {}, labels = {}, classes = classes }, {}
    for k, class in ipairs(classes) do
        local pictures = {}
        for _, path in ipairs(engine.images(fn, dir .. "/" .. class, o.follow_links)) do
            if is_picture(path) then
                pictures[#pictures + 1] = path
            end
        end
        local first, last = range_of(g, fn, o.subset, #pictures, "a class")
        for i = first, last do
            rows.paths[#rows.paths + 1] = pictures[i]
            rows.labels[#rows.labels + 1] = k - 1
            names[#names + 1] = pictures[i]:sub(#dir + 2)
        end
    end
    if #rows.paths == 0 then
        fail("ENOTFOUND", fn, "no images in the class folders of %s%s (PNG, JPEG, BMP and PPM are read)", dir,
            o.subset and (" for subset=\"" .. o.subset .. "\"") or "")
    end
    o.labels = forms[mode]
    return new(g, fn, file_set(fn, o, rows), o, {
        filenames = names, classes = rows.labels, class_indices = index_of(classes), num_classes = #classes,
        class_mode = mode, directory = dir,
    })
end

local dataframe_spec = spec_of{
    { name = "directory", kind = "string", text = "where relative paths begin; the table's directory" },
    { name = "x_col", kind = "string", default = "filename", text = "column of paths" },
    { name = "y_col", kind = "table", text = "column of targets, or several" },
    { name = "weight_col", kind = "string", text = "column of sample weights" },
    { name = "classes", kind = "table", text = "names of the classes, in order; rows of others are left out" },
    { name = "class_mode", kind = "table", text = "form of y" },
    { name = "validate_filenames", kind = "boolean", default = true, text = "leave rows out whose file is missing" },
    image_options[1], image_options[2], image_options[3], image_options[4],
}

function files.flow_from_dataframe(g, frame, given)
    local fn = g.class .. ":flow_from_dataframe"
    local mode, plain = take_class_mode(fn, given,
        { "categorical", "binary", "sparse", "input", "multi_output", "raw", "none" })
    local y_col = plain.y_col == nil and "class" or plain.y_col
    plain.y_col = nil
    local o = internal.options(fn, plain, dataframe_spec)
    o.y_col = y_col
    if mode == "none" and o.weight_col then
        fail("EARG", fn, "weight_col goes with labels: class_mode=\"none\" gives none to weigh")
    end
    local t = tables.read(fn, frame, o, mode, is_picture)
    local first, last = range_of(g, fn, o.subset, #t.paths)
    tables.cut(t, first, last)
    o.labels = t.form or forms[mode]
    local set = file_set(fn, o, { paths = t.paths, labels = t.labels, classes = t.classes, rows = t.rows,
        multi_label = t.is_multi_label, weights = t.weights })
    return new(g, fn, set, o, {
        filenames = t.names, classes = t.marks, class_indices = t.classes and index_of(t.classes),
        class_mode = mode, split_targets = mode == "multi_output", directory = t.directory,
    })
end

return files
