-- luma.keras: the class ImageDataGenerator with Keras' names, options and numbers.
--
-- An object expands to an explicit list of luma's own stages (g.generator, g:explain()), so flows run
-- and train natively. Where Keras has a trap, there is an error that says so, or the repaired
-- behaviour: the height option moves rows, images turn about their true centre, statistics with
-- augment=true are taken in the units of training, standardizing without a fit is refused.

local internal = require "luma.internal"
local engine = require "luma.engine.keras"
local luma = require "luma"
local files = require "luma.keras_files"
local flows = require "luma.keras_flow"
local options = require "luma.keras_options"

local CLASS = "luma.keras.ImageDataGenerator"
local STD_EPSILON = 1e-6 -- Keras adds it to every standard deviation

local methods = {}
local meta = { __name = "ImageDataGenerator" }

local function fail(code, fn, text, ...)
    internal.raise(code, CLASS .. ":" .. fn .. ": " .. text:format(...))
end

local function warn(g, text)
    g.warnings[#g.warnings + 1] = text
    internal.warn(text)
end

function meta.__index(g, name)
    if methods[name] then
        return methods[name]
    end
    local known = { "mean", "std", "zca_whitening_matrix" }
    for _, field in ipairs(known) do
        if name == field then
            return nil
        end
    end
    for field in pairs(methods) do
        known[#known + 1] = field
    end
    for field in pairs(g.options) do
        known[#known + 1] = field
    end
    if g.options[name] ~= nil or options.is_name(name) then
        return g.options[name]
    end
    local near = internal.nearest(tostring(name), known)
    internal.raise("EARG", ("%s has no member '%s'%s"):format(CLASS, tostring(name),
        near and ("; did you mean '%s'?"):format(near) or ""))
end

-- What was asked for is settled when the object is made: flows may exist already.
function meta.__newindex(_, name)
    internal.raise("EARG", ("%s: '%s' cannot be set; make another generator with the options wanted"):format(CLASS,
        tostring(name)))
end

function meta.__tostring(g)
    local parts = {}
    for _, name in ipairs(options.names) do
        local value = g.options[name]
        if value ~= nil and value ~= options.defaults[name] then
            parts[#parts + 1] = name .. "=" .. (type(value) == "table" and "{" .. table.concat(value, ", ") .. "}"
                or tostring(value))
        end
    end
    return ("ImageDataGenerator{ %s }%s"):format(table.concat(parts, ", "), rawget(g, "feature") and ", fitted" or "")
end

-- Flags that need each other, corrected as Keras corrects them.
local function settle_flags(g)
    local o = g.options
    if o.zca_whitening and not o.featurewise_center then
        o.featurewise_center = true
        warn(g, "ImageDataGenerator: zca_whitening=true switches featurewise_center on")
    end
    if o.zca_whitening and o.featurewise_std_normalization then
        o.featurewise_std_normalization = false
        warn(g, "ImageDataGenerator: zca_whitening=true switches featurewise_std_normalization off")
    end
    if o.featurewise_std_normalization and not o.featurewise_center then
        o.featurewise_center = true
        warn(g, "ImageDataGenerator: featurewise_std_normalization=true switches featurewise_center on")
    end
    if o.samplewise_std_normalization and not o.samplewise_center then
        o.samplewise_center = true
        warn(g, "ImageDataGenerator: samplewise_std_normalization=true switches samplewise_center on")
    end
    if o.samplewise_center and o.featurewise_center then
        warn(g, "ImageDataGenerator: samplewise and featurewise steps together: fit takes its statistics without the "
            .. "samplewise steps, as in Keras")
    end
    if o.rescale == 0 then
        o.rescale = nil
        warn(g, "ImageDataGenerator: rescale=0 means no rescaling")
    end
end

local function new(given)
    local g = { options = options.check(CLASS, given), warnings = {}, class = CLASS }
    settle_flags(g)
    g.ranges = options.ranges(g.options)
    g.is_random = options.is_random(g.options)
    engine.check(CLASS, g.ranges)
    return setmetatable(g, meta)
end

-- --- scaling ---

local function needs_fit(g)
    return g.options.featurewise_center or g.options.zca_whitening
end

-- The stages before those that are fitted.
local function sample_stages(g)
    local o, list = g.options, {}
    if o.rescale then
        list[1] = luma.rescale(o.rescale)
    end
    if o.samplewise_std_normalization then
        list[#list + 1] = luma.standardize{ "sample", epsilon = STD_EPSILON }
    elseif o.samplewise_center then
        list[#list + 1] = luma.center "sample"
    end
    return list
end

local function feature_stages(g)
    local o, list = g.options, {}
    if o.featurewise_std_normalization then
        list[1] = luma.standardize{ "feature", axis = "channel", epsilon = STD_EPSILON }
    elseif o.featurewise_center then
        list[1] = luma.center{ "feature", axis = "channel" }
    end
    if o.zca_whitening then
        list[#list + 1] = luma.zca{ epsilon = o.zca_epsilon }
    end
    return list
end

local function check_fitted(g, fn)
    if needs_fit(g) and not rawget(g, "feature") then
        fail("ESTATE", fn, "featurewise statistics are asked for, but there are none yet; call g:fit(x) first")
    end
end

-- Luma's own generator of everything that follows random changes.
local function scaler(g, fn, parts)
    check_fitted(g, fn)
    local list = parts ~= "feature" and sample_stages(g) or {}
    for _, stage in ipairs(parts ~= "sample" and rawget(g, "feature") or {}) do
        list[#list + 1] = stage
    end
    return luma.generator(list)
end
methods.scaler = scaler

-- --- layouts: inside, images are H x W x C ---

local function is_first(g)
    return g.options.data_format == "channels_first"
end

-- N x H x W x C floats or bytes of what the user gave.
function methods.to_last(g, x)
    if x.dtype == "i32" or x.dtype == "f64" then
        x = x:to "f32"
    end
    return is_first(g) and x:permute{ 1, 3, 4, 2 } or x
end

function methods.from_last(g, x)
    return is_first(g) and x:permute{ 1, 4, 2, 3 } or x
end

local function of_channels(g, numbers)
    local c = numbers.shape[1]
    local t = numbers:to "f32"
    return is_first(g) and t:reshape{ c, 1, 1 } or t:reshape{ 1, 1, c }
end

-- The whitening matrix between features in the order the user's layout flattens them in.
local function of_layout(g, matrix, shape)
    if not is_first(g) then
        return matrix
    end
    local h, w, c = shape[1], shape[2], shape[3]
    return matrix:reshape{ h, w, c, h, w, c }:permute{ 3, 1, 2, 6, 4, 5 }:reshape{ h * w * c, h * w * c }
end

-- --- fit ---

-- What Keras' fit(augment=True) takes its statistics from: `rounds` changed copies of every image.
local function augmented(g, set, rounds, seed)
    local n = #set
    local h, w, c = table.unpack(set.shape)
    local all = luma.zeros({ rounds * n, h, w, c }, "f32")
    for r = 1, rounds do
        for i = 1, n do
            local image = set:image(i):to "f32"
            local draw = engine.draw(CLASS .. ":fit", g.ranges, h, w, seed + (r - 1) * n + i)
            engine.put(all, (r - 1) * n + i, engine.transform(CLASS .. ":fit", image, draw, g.ranges))
        end
    end
    return luma.dataset.tensor{ images = all, name = ("%s, %d changed copies of each"):format(set.name, rounds) }
end

local fit_spec = {
    { name = "augment", kind = "boolean", default = false, text = "take the statistics of randomly changed copies" },
    { name = "rounds", kind = "integer", min = 1, max = 1000, default = 1, text = "changed copies of each image" },
    { name = "seed", kind = "integer", min = 0, text = "start of the random numbers; luma.seed" },
}

function methods.fit(g, x, given)
    local fn = CLASS .. ":fit"
    local o = internal.options(fn, given, fit_spec)
    local set = flows.as_set(g, fn, x)
    local c = set.shape[3]
    if c ~= 1 and c ~= 3 and c ~= 4 then
        warn(g, ("ImageDataGenerator:fit: images have %d channels, pictures have 1, 3 or 4; is data_format right?")
            :format(c))
    end
    if not needs_fit(g) then
        warn(g, "ImageDataGenerator:fit: nothing is taken from the data: no featurewise option and no "
            .. "zca_whitening is on")
        return g
    end
    if o.augment then
        flows.check_brightness(g, fn, x)
        set = augmented(g, set, o.rounds, o.seed or luma.seed)
    end
    local list = feature_stages(g)
    local n_before = g.options.rescale and 1 or 0
    if n_before == 1 then
        table.insert(list, 1, luma.rescale(g.options.rescale))
    end
    local fitted = luma.generator(list):fit(set)
    local feature = {}
    for i = n_before + 1, #fitted do
        feature[#feature + 1] = fitted[i]
    end
    rawset(g, "feature", feature)
    rawset(g, "mean", of_channels(g, feature[1].mean))
    rawset(g, "std", g.options.featurewise_std_normalization and of_channels(g, feature[1].std) or nil)
    rawset(g, "zca_whitening_matrix", g.options.zca_whitening and of_layout(g, feature[2].matrix, set.shape) or nil)
    rawset(g, "fitted_on", tostring(set))
    return g
end

-- --- one image or one batch ---

local function check_pixels(fn, x, ranks)
    if type(x) ~= "userdata" or getmetatable(x) ~= "tensor" then
        fail("EARG", fn, "argument 1 wants a tensor of pixels, got %s", internal.value(x))
    end
    for _, rank in ipairs(ranks) do
        if #x.shape == rank then
            return
        end
    end
    fail("ESHAPE", fn, "wants a tensor of rank %s, got rank %d", table.concat(ranks, " or "), #x.shape)
end

local function batch_of(x)
    return #x.shape == 4 and x or x:reshape{ 1, table.unpack(x.shape) }
end

-- A whole batch is one array to Keras: its samplewise statistics run over all images of it.
function methods.standardize(g, x)
    check_pixels("standardize", x, { 3, 4 })
    check_fitted(g, "standardize")
    local preprocess = g.options.preprocessing_function
    if preprocess then
        x = preprocess(x:to "f32")
        if type(x) ~= "userdata" then
            fail("EARG", "standardize", "the preprocessing_function must give an image back, got %s", internal.value(x))
        end
        check_pixels("standardize", x, { 3, 4 })
    end
    local last = g:to_last(batch_of(x))
    local n, h, w, c = table.unpack(last.shape)
    local scaled
    if n == 1 then
        scaled = scaler(g, "standardize"):apply(last)
    else
        scaled = scaler(g, "standardize", "sample"):apply(last:reshape{ 1, n * h, w, c }):reshape{ n, h, w, c }
        scaled = scaler(g, "standardize", "feature"):apply(scaled)
    end
    return g:from_last(scaled):reshape(x.shape)
end

-- H x W x C floats of one image.
local function image_of(g, x)
    local last = g:to_last(batch_of(x))
    return last:reshape{ last.shape[2], last.shape[3], last.shape[4] }:to "f32"
end

local parameters = { "theta", "tx", "ty", "shear", "zx", "zy", "flip_horizontal", "flip_vertical",
    "channel_shift_intensity", "brightness" }

local function check_parameter(fn, name, value)
    local is_known = false
    for _, known in ipairs(parameters) do
        is_known = is_known or name == known
    end
    if not is_known then
        local near = internal.nearest(tostring(name), parameters)
        fail("EARG", fn, "unknown parameter '%s'%s (parameters: %s)", tostring(name),
            near and ("; did you mean '%s'?"):format(near) or "", table.concat(parameters, ", "))
    end
    local is_flip = name:find "^flip_"
    local is_right = is_flip and type(value) == "boolean"
        or not is_flip and math.type(value) and value == value and math.abs(value) ~= math.huge
    if not is_right or (name == "zx" or name == "zy") and value <= 0 then
        fail("EARG", fn, "parameter '%s' wants %s, got %s", name, is_flip and "true or false"
            or name:find "^z" and "a number above 0" or "a number", internal.value(value))
    end
end

function methods.apply_transform(g, x, given)
    check_pixels("apply_transform", x, { 3 })
    flows.check_options(CLASS .. ":apply_transform", given)
    for name, value in pairs(given or {}) do
        check_parameter("apply_transform", name, value)
    end
    local changed = engine.transform(CLASS .. ":apply_transform", image_of(g, x), given or {}, g.ranges)
    return g:from_last(changed:reshape{ 1, table.unpack(changed.shape) }):reshape(x.shape)
end

-- Rows and columns of a shape in the generator's layout.
local function rows_columns(g, shape)
    if is_first(g) then
        return shape[2], shape[3]
    end
    return shape[1], shape[2]
end

function methods.get_random_transform(g, shape, seed)
    local fn = "get_random_transform"
    local is_shape = type(shape) == "table" and #shape == 3
    for k = 1, is_shape and 3 or 0 do
        is_shape = is_shape and math.type(shape[k]) == "integer" and shape[k] > 0
    end
    if not is_shape then
        fail("EARG", fn, "argument 1 wants the shape of an image, three numbers, got %s", internal.value(shape))
    elseif seed ~= nil and (math.type(seed) ~= "integer" or seed < 0) then
        fail("EARG", fn, "argument 2 (seed) wants an integer of at least 0, got %s", internal.value(seed))
    end
    local h, w = rows_columns(g, shape)
    return engine.draw(CLASS .. ":" .. fn, g.ranges, h, w, seed or luma.seed)
end

function methods.random_transform(g, x, seed)
    check_pixels("random_transform", x, { 3 })
    return g:apply_transform(x, g:get_random_transform(x.shape, seed))
end

-- --- what it comes to ---

-- The list in luma's own words.
function methods.explain(g)
    local lines = {}
    local function add(...)
        lines[#lines + 1] = "  " .. string.format(...)
    end
    options.explain(g.options, add)
    local n_random = #lines
    if g.options.preprocessing_function then
        add "preprocessing_function(image)"
    end
    for _, stage in ipairs(sample_stages(g)) do
        add("%s", tostring(stage))
    end
    for _, stage in ipairs(rawget(g, "feature") or feature_stages(g)) do
        add("%s", tostring(stage))
    end
    local head = n_random > 0 and "an image is changed at random, then scaled, in this order:"
        or "an image is scaled in this order:"
    if #lines == 0 then
        return "an image passes as it is, as floats"
    end
    return head .. "\n" .. table.concat(lines, "\n")
end

-- The generator of scaling alone, for model:save and generator:save.
function methods.native(g)
    return scaler(g, "native")
end

methods.flow = flows.flow
methods.flow_from_directory = files.flow_from_directory
methods.flow_from_dataframe = files.flow_from_dataframe

return { new = new }
