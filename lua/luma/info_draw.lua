-- A row or two of a data set's images, made small enough that several stand beside each other: one of each
-- class, where there are classes. Drawn as dataset:show draws.

local luma = require "luma"
local text = require "luma.info_text"

local IMAGES <const>, ROWS <const> = 10, 2
-- Widths at which a digit is still one, and at which five stand in 80 columns.
local SMALL <const>, LARGE <const> = 12, 15
-- Of a picture alone.
local ALONE <const> = 48

-- Half the size keeps thin lines even.
local function width_of(w)
    return w <= LARGE and w or w // 2 >= SMALL and w // 2 <= LARGE and w // 2 or LARGE
end

-- Numbers of the first image of each class, in the order of the classes; else of the first images.
local function pick(ds, n)
    local list, first = {}, {}
    local has_labels = #ds.classes > 1 and pcall(ds.label, ds, 1) and type(ds:label(1)) == "number"
    for i = 1, has_labels and #ds or math.min(n, #ds) do
        local label = has_labels and ds:label(i) or i
        if not first[label] then
            first[label] = i
            list[#list + 1] = label
        end
        if has_labels and #list == #ds.classes then
            break
        end
    end
    table.sort(list)
    for k, label in ipairs(list) do
        list[k] = k <= n and first[label] or nil
    end
    return list
end

-- Floats from black to white.
local function as_bytes(image)
    if image.dtype == "u8" then
        return image
    end
    local low, high = image:min(), image:max()
    return ((image - low) * (high > low and 255 / (high - low) or 0)):to "u8"
end

local function small(ds, indexes, size)
    local images, labels = {}, {}
    for _, i in ipairs(indexes) do
        local is_good, image = pcall(ds.image, ds, i)
        if is_good then
            local has_label, label = pcall(ds.label, ds, i)
            images[#images + 1] = luma.image.resize(as_bytes(image), size, { resize = "box" }):table()
            labels[#images] = has_label and math.type(label) == "integer" and label or nil
        end
    end
    return luma.tensor(images, "u8"), #labels == #images and luma.tensor(labels, "i32") or nil
end

local function draw(ds)
    local shape, columns = ds.shape, text.columns()
    if #ds == 1 then
        io.stdout:write "\n"
        ds:show{ max = 1, columns = math.min(columns, ALONE) }
        return
    end
    local width = width_of(shape[2])
    local height = math.max(1, (shape[1] * width + shape[2] // 2) // shape[2])
    local per_row = math.max(1, (columns + 1) // (width + 1))
    local n = math.min(IMAGES, ROWS * per_row)
    local images, labels = small(ds, pick(ds, n), { math.min(height, 4 * width), width })
    local set = luma.dataset.tensor{ images = images, labels = labels, classes = labels and ds.classes }
    local rows = (#set + per_row - 1) // per_row
    io.stdout:write "\n"
    set:show{ max = n, columns = math.min(columns, (#set + rows - 1) // rows * (width + 1)) }
end

-- What cannot be drawn (two channels, NaN, damaged files) is left out: the report says why in its own way.
return function(ds)
    pcall(draw, ds)
end
