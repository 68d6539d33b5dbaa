-- The options of luma.keras.ImageDataGenerator: names, checks, and the ranges the engine draws from.

local internal = require "luma.internal"

local spec = {
    { name = "featurewise_center", kind = "boolean", default = false,
        text = "subtract each channel's mean over the data" },
    { name = "samplewise_center", kind = "boolean", default = false, text = "subtract each image's own mean" },
    { name = "featurewise_std_normalization", kind = "boolean", default = false,
        text = "divide by each channel's deviation over the data" },
    { name = "samplewise_std_normalization", kind = "boolean", default = false,
        text = "divide by each image's own deviation" },
    { name = "zca_whitening", kind = "boolean", default = false, text = "whiten all pixels" },
    { name = "zca_epsilon", kind = "number", min = 0, default = 1e-6, text = "added to singular values" },
    { name = "rotation_range", kind = "number", min = 0, max = 360, default = 0, text = "degrees either way" },
    { name = "shear_range", kind = "number", min = 0, max = 89, default = 0, text = "degrees either way" },
    { name = "channel_shift_range", kind = "number", min = 0, default = 0, text = "added to all channels, either way" },
    { name = "fill_mode", kind = "choice", choices = { "constant", "nearest", "reflect", "wrap" }, default = "nearest",
        text = "what is seen beyond the border" },
    { name = "cval", kind = "number", default = 0, text = "the value there with fill_mode=\"constant\"" },
    { name = "horizontal_flip", kind = "boolean", default = false, text = "exchange left and right, half of the time" },
    { name = "vertical_flip", kind = "boolean", default = false, text = "exchange top and bottom, half of the time" },
    { name = "rescale", kind = "number", text = "multiply every pixel, after random changes" },
    { name = "preprocessing_function", kind = "function", text = "called with each image, before rescaling" },
    { name = "data_format", kind = "choice", choices = { "channels_last", "channels_first" }, default = "channels_last",
        text = "N x H x W x C or N x C x H x W" },
    { name = "validation_split", kind = "number", min = 0, max = 1, default = 0,
        text = "share set aside for subset=\"validation\"" },
    { name = "interpolation_order", kind = "integer", min = 0, max = 1, default = 1,
        text = "0 nearest pixel, 1 bilinear" },
    { name = "dtype", kind = "choice", choices = { "float32", "float64" }, default = "float32",
        text = "accepted for Keras' sake: statistics are double, results float32" },
}

-- Options of more than one form; checked below.
local loose = { "width_shift_range", "height_shift_range", "zoom_range", "brightness_range" }

local options = { names = {}, defaults = {}, spec = spec }
for _, entry in ipairs(spec) do
    options.names[#options.names + 1] = entry.name
    options.defaults[entry.name] = entry.default
end
for _, name in ipairs(loose) do
    options.names[#options.names + 1] = name
end

function options.is_name(name)
    for _, known in ipairs(options.names) do
        if known == name then
            return true
        end
    end
    return false
end

local function fail(fn, name, wants, got)
    internal.raise("EARG", ("%s: option '%s' wants %s, got %s"):format(fn, name, wants,
        type(got) == "table" and "a table of " .. #got or internal.value(got)))
end

local function is_numbers(t)
    for i = 1, #t do
        if type(t[i]) ~= "number" then
            return false
        end
    end
    return true
end

local function check_pair(fn, name, value, wants)
    if type(value) ~= "table" or #value ~= 2 or not is_numbers(value) then
        fail(fn, name, wants, value)
    end
end

function options.check(fn, given)
    if given ~= nil and type(given) ~= "table" then
        internal.raise("EARG", fn .. ": wants a table of options, got " .. internal.value(given))
    end
    local plain, set_aside = {}, {}
    for name, value in pairs(given or {}) do
        plain[name] = value
    end
    for _, name in ipairs(loose) do
        set_aside[name], plain[name] = plain[name], nil
    end
    local o = internal.options(fn, plain, options.all_spec)
    if o.validation_split == 1 then
        fail(fn, "validation_split", "a share above 0 and below 1, or 0 for none", o.validation_split)
    end
    for _, name in ipairs { "width_shift_range", "height_shift_range" } do
        local v = set_aside[name]
        if v ~= nil and type(v) ~= "number" and (type(v) ~= "table" or #v < 1 or #v > 64 or not is_numbers(v)) then
            fail(fn, name, "a number or a list of up to 64", v)
        end
    end
    if set_aside.zoom_range ~= nil and type(set_aside.zoom_range) ~= "number" then
        check_pair(fn, "zoom_range", set_aside.zoom_range, "a number below 1 or { lowest, highest }")
    end
    if set_aside.brightness_range ~= nil then
        check_pair(fn, "brightness_range", set_aside.brightness_range, "{ lowest, highest }")
    end
    for name, value in pairs(set_aside) do
        o[name] = value
    end
    return o
end

-- Unknown names are compared with the loose ones too.
options.all_spec = {}
for i, entry in ipairs(spec) do
    options.all_spec[i] = entry
end
local loose_texts = {
    width_shift_range = "columns either way: a share below 1, pixels from 1.0, whole pixels (an integer), or a list "
        .. "to pick from",
    height_shift_range = "rows either way, in the same forms",
    zoom_range = "factor of rows and columns, each its own: { lowest, highest }, or z for 1-z to 1+z; above 1 is "
        .. "smaller",
    brightness_range = "{ lowest, highest } factor, through 8 bits; 1 changes nothing",
}
local loose_wants = {
    width_shift_range = "a number or a list", height_shift_range = "a number or a list",
    zoom_range = "a number or a pair", brightness_range = "a pair of numbers",
}
for _, name in ipairs(loose) do
    table.insert(options.all_spec,
        { name = name, kind = "table", wants = loose_wants[name], initial = "none", text = loose_texts[name] })
end

-- An integer is whole pixels, a float below 1 a share of the size, other floats pixels: as in Keras,
-- which tells them apart by type and value.
local function shift(v)
    if v == nil or v == 0 then
        return nil
    elseif type(v) == "table" then
        return { math.max(table.unpack(v)) < 1 and "fractions" or "list", v }
    elseif math.type(v) == "integer" then
        return { "whole", v }
    end
    return { v < 1 and "fraction" or "pixels", v }
end

local function zoom(v)
    if type(v) == "number" then
        return { 1 - v, 1 + v }
    end
    return v
end

function options.ranges(o)
    return {
        rotation_range = o.rotation_range, shear_range = o.shear_range, channel_shift_range = o.channel_shift_range,
        height_shift = shift(o.height_shift_range), width_shift = shift(o.width_shift_range),
        zoom_range = zoom(o.zoom_range), brightness_range = o.brightness_range,
        horizontal_flip = o.horizontal_flip, vertical_flip = o.vertical_flip,
        fill_mode = o.fill_mode, cval = o.cval, interpolation_order = o.interpolation_order,
    }
end

function options.is_random(o)
    local z = o.zoom_range and zoom(o.zoom_range)
    return o.rotation_range ~= 0 or o.shear_range ~= 0 or o.channel_shift_range ~= 0
        or shift(o.height_shift_range) ~= nil or shift(o.width_shift_range) ~= nil
        or (z ~= nil and (z[1] ~= 1 or z[2] ~= 1)) or o.brightness_range ~= nil
        or o.horizontal_flip or o.vertical_flip
end

local function shift_text(v)
    local form = shift(v)
    if form[1] == "whole" then
        return ("0..%d pixels"):format(v - 1)
    elseif form[1] == "fraction" then
        return ("up to %g of the size"):format(v)
    elseif form[1] == "pixels" then
        return ("up to %g pixels"):format(v)
    end
    return ("one of %s%s"):format(table.concat(v, ", "), form[1] == "fractions" and " of the size" or " pixels")
end

-- The random changes, one line each, in the order they happen.
function options.explain(o, add)
    local is_warped = false
    local function warp(...)
        is_warped = true
        add(...)
    end
    if o.rotation_range ~= 0 then warp("rotate by -%g..%g degrees", o.rotation_range, o.rotation_range) end
    if shift(o.height_shift_range) then warp("shift rows by %s, either way", shift_text(o.height_shift_range)) end
    if shift(o.width_shift_range) then warp("shift columns by %s, either way", shift_text(o.width_shift_range)) end
    if o.shear_range ~= 0 then warp("shear by -%g..%g degrees", o.shear_range, o.shear_range) end
    local z = o.zoom_range and zoom(o.zoom_range)
    if z and (z[1] ~= 1 or z[2] ~= 1) then
        warp("zoom rows and columns by %g..%g each (above 1: smaller)", z[1], z[2])
    end
    if is_warped then
        add("  (one warp; fill_mode \"%s\", interpolation_order %d)", o.fill_mode, o.interpolation_order)
    end
    if o.channel_shift_range ~= 0 then
        add("add -%g..%g to all channels, within the image's range", o.channel_shift_range, o.channel_shift_range)
    end
    if o.horizontal_flip then add "flip horizontally, half of the time" end
    if o.vertical_flip then add "flip vertically, half of the time" end
    if o.brightness_range then
        add("brightness times %g..%g, through 8 bits", o.brightness_range[1], o.brightness_range[2])
    end
end

return options
