-- The flows of luma.keras, and those from tensors.
--
-- What comes back is a Lua object around one of luma's own flows, with Keras' fields beside it;
-- model:fit, evaluate and predict take it like any flow. A preprocessing_function runs on the main
-- thread: on all images beforehand where nothing is random, else once an epoch on the changed ones.

local internal = require "luma.internal"
local engine = require "luma.engine.keras"
local luma = require "luma"

local flows = {}

local function fail(code, fn, text, ...)
    internal.raise(code, fn .. ": " .. text:format(...))
end

-- --- the object ---

local methods = {}
local meta = { __name = "keras flow", __handle = "flow" }

function meta.__index(f, name)
    local own = methods[name]
    if own then
        return own
    end
    local flow = rawget(f, "flow")
    return flow[name]
end

function meta.__len(f)
    return #rawget(f, "flow")
end

function meta.__tostring(f)
    return tostring(rawget(f, "flow"))
end

function meta.__close(f)
    rawget(f, "flow"):close()
end

-- x, y, w as Keras' iterators give them.
local function deliver(f, x, y, w)
    if not x then
        return nil
    end
    x = f.owner:from_last(x)
    if f.is_input and y then
        y = f.owner:from_last(y)
    end
    if f.split_targets and y then
        local columns = { y }
        for k = 1, y.shape[2] or 0 do
            columns[k] = y:permute{ 2, 1 }:narrow(k, 1):reshape{ y.shape[1] }
        end
        y = columns
    end
    if w then
        return x, y, w
    elseif y then
        return x, y
    end
    return x
end

-- After an epoch's last batch the flow is in the next one; its images are made when they are asked for.
-- f.given counts the batches of f.made_for, the epoch the images were made for.
local function enter(f)
    if f.given == #f.flow then
        f.given = 0
        if f.remake then
            f:remake(f.made_for + 1)
        end
    end
end

function methods.next(f)
    enter(f)
    f.given = f.given + 1
    return deliver(f, f.flow:next())
end

function methods.get(f, k)
    enter(f)
    return deliver(f, f.flow:get(k))
end

-- One epoch; one that was left early is not continued.
function methods.batches(f)
    local left
    return function()
        if not left then
            left = #f
            if f.given ~= 0 and f.given ~= left then
                f:on_epoch_end()
            end
        end
        left = left - 1
        if left >= 0 then
            return f:next()
        end
    end
end

function methods.reset(f)
    f.given = 0
    if f.remake then
        f:remake(1)
    else
        f.flow:reset()
    end
    return f
end

function methods.on_epoch_end(f)
    enter(f)
    f.given = 0
    if f.remake then
        f:remake(f.made_for + 1)
    else
        f.flow:on_epoch_end()
    end
    return f
end

-- For model:evaluate and model:predict, which see images as they are: the flow where nothing is random.
function meta.__still(f)
    if f.remake and not rawget(f, "still") then
        f.still = f:make_still()
    end
    return rawget(f, "still") or f.flow
end

-- For model:fit: the flow of that epoch.
function methods.of_epoch(f, epoch)
    if f.remake and f.made_for ~= epoch then
        f.given = 0
        f:remake(epoch)
    end
    return f.flow
end

-- --- preprocessing ---

local function preprocessed(g, fn, set, images)
    local h, w, c = table.unpack(set.shape)
    local all
    local i = 0
    for image in images do
        i = i + 1
        local shape = g.options.data_format == "channels_first" and { c, h, w } or { h, w, c }
        local given = g:from_last(image:reshape{ 1, h, w, c }):reshape(shape)
        local out = g.options.preprocessing_function(given)
        if type(out) ~= "userdata" or #out.shape ~= 3 then
            fail("EARG", fn, "the preprocessing_function must give an image back, got %s", internal.value(out))
        end
        out = g:to_last(out:reshape{ 1, table.unpack(out.shape) }):to "f32"
        all = all or luma.zeros({ #set, out.shape[2], out.shape[3], out.shape[4] }, "f32")
        for k = 2, 4 do
            if out.shape[k] ~= all.shape[k] then
                fail("ESHAPE", fn, "the preprocessing_function gives image %d another shape than those before", i)
            end
        end
        engine.put(all, i, out:reshape{ out.shape[2], out.shape[3], out.shape[4] })
    end
    return engine.relabel(fn, set, all)
end

local function plain_images(set)
    local i = 0
    return function()
        i = i + 1
        return i <= #set and set:image(i):to "f32" or nil
    end
end

local function changed_images(set, random, seed, epoch)
    local flow = random:flow(set, { batch = 64, shuffle = false, seed = seed, labels = "none" })
    for _ = 2, epoch do
        flow:on_epoch_end()
    end
    local batch, k
    local left = #set
    return function()
        left = left - 1
        if left < 0 then
            flow:close()
            return nil
        end
        if not batch or k == #batch then
            batch, k = flow:next(), 0
        end
        k = k + 1
        return batch[k]
    end
end

-- --- making ---

local function native_flow(g, fn, set, o)
    local options = { batch = o.batch_size, shuffle = o.shuffle, seed = o.seed, labels = o.labels,
        save_to = o.save_to_dir, save_prefix = o.save_prefix }
    local scaler = g:scaler "flow"
    if not g.is_random then
        return scaler:flow(set, options)
    end
    return engine.augment(fn, scaler, g.ranges):flow(set, options)
end

local function new(g, fn, set, o, fields)
    local f = setmetatable(fields, meta)
    f.remake, f.given, f.split_targets = false, 0, rawget(fields, "split_targets") or false
    f.owner, f.n, f.samples, f.batch_size = g, #set, #set, o.batch_size
    f.image_shape = g.options.data_format == "channels_first" and { set.shape[3], set.shape[1], set.shape[2] }
        or { table.unpack(set.shape) }
    f.is_input = o.labels == "input"
    if not g.options.preprocessing_function then
        f.flow = native_flow(g, fn, set, o)
        return f
    end
    local plain = setmetatable({ is_random = false, feature = rawget(g, "feature") }, { __index = g })
    f.make_still = function()
        return native_flow(plain, fn, preprocessed(g, fn, set, plain_images(set)), o)
    end
    if not g.is_random then
        f.flow = f.make_still()
        return f
    end
    local random = engine.augment(fn, luma.generator{}, g.ranges)
    f.remake = function(self, epoch)
        local made = preprocessed(g, fn, set, changed_images(set, random, o.seed or luma.seed, epoch))
        self.flow = native_flow(plain, fn, made, o)
        for _ = 2, epoch do
            self.flow:on_epoch_end()
        end
        self.made_for = epoch
    end
    f:remake(1)
    return f
end

-- The samples of `subset`, 1-based and inclusive, of n in their order: validation comes first, and
-- its number is cut, not rounded, both as in Keras.
local function range_of(g, fn, subset, n, what)
    if subset == nil then
        return 1, n
    end
    local split = g.options.validation_split
    if split == 0 then
        fail("EARG", fn, "subset=\"%s\" wants a validation_split in the generator's options", subset)
    end
    local n_validation = math.floor(n * split)
    local first, last = n_validation + 1, n
    if subset == "validation" then
        first, last = 1, n_validation
    end
    if first > last and not what then
        fail("EARG", fn, "the %s part of %d samples is empty with validation_split=%g", subset, n, split)
    end
    return first, last
end

local common = {
    { name = "batch_size", kind = "integer", min = 1, max = 100000000, default = 32, text = "images a batch" },
    { name = "shuffle", kind = "boolean", default = true, text = "a new order every epoch" },
    { name = "seed", kind = "integer", min = 0, text = "start of all random numbers; luma.seed" },
    { name = "save_to_dir", kind = "string", text = "a directory where every image given is written too" },
    { name = "save_prefix", kind = "string", text = "how their names begin" },
    { name = "save_format", kind = "choice", choices = { "png" }, default = "png",
        text = "PNG alone: it loses nothing" },
    { name = "subset", kind = "choice", choices = { "training", "validation" }, text = "a part, by validation_split" },
}

local function spec_of(own)
    local spec = {}
    for _, entry in ipairs(own) do spec[#spec + 1] = entry end
    for _, entry in ipairs(common) do spec[#spec + 1] = entry end
    return spec
end

-- --- from tensors ---

local function is_tensor(x)
    return type(x) == "userdata" and getmetatable(x) == "tensor"
end

local function is_set(x)
    return type(x) == "userdata" and not is_tensor(x)
end

function flows.as_set(g, fn, x, more)
    if is_set(x) then
        return x
    end
    if not is_tensor(x) then
        internal.raise("EARG", ("%s: argument 1 wants a tensor of images or a dataset, got %s"):format(fn,
            internal.value(x)))
    end
    if #x.shape ~= 4 then
        fail("ESHAPE", fn, "wants images of rank 4, N x H x W x C (or N x C x H x W), got rank %d", #x.shape)
    end
    return engine.set(fn, g:to_last(x), more or {})
end

-- Cut to whole numbers, as Keras' brightness does, floats of 0..1 become black images.
function flows.check_brightness(g, fn, x)
    if not g.options.brightness_range or x.dtype == "u8" or x.dtype == "i32" then
        return
    end
    local s = is_set(x) and x:stats() or nil
    local lowest, highest = s and s.min or x:min(), s and s.max or x:max()
    if lowest >= 0 and highest > 0 and highest <= 1 then
        fail("EARG", fn, "brightness_range goes through 8 bits, as in Keras, and these images end at %g: all would "
            .. "turn black; give pixels of 0..255 and rescale=1/255, or use luma.brightness", highest)
    end
end

local function as_tensor(fn, what, v)
    if v == nil or is_tensor(v) then
        return v
    elseif type(v) == "table" and #v > 0 then
        return luma.tensor(v, "f64")
    end
    internal.raise("EARG", ("%s: %s wants a tensor or a list, got %s"):format(fn, what, internal.value(v)))
end

local function are_classes(y)
    return #y.shape == 1 and y:min() >= 0 and y:max() < 65536 and y:to("f64"):equal(y:to("f64"):to("f32"):to("f64"))
        and (y.dtype == "u8" or y.dtype == "i32" or pcall(function()
            assert(y:to("i32"):to("f64"):equal(y:to "f64"))
        end))
end

-- Rows with a single one are classes.
local function classes_of_rows(y)
    if #y.shape ~= 2 or y:min() ~= 0 or y:max() ~= 1 or y:sum() ~= y.shape[1] then
        return nil
    end
    local classes = {}
    for i = 1, y.shape[1] do
        for k = 1, y.shape[2] do
            local v = y:get(i, k)
            if v == 1 and not classes[i] then
                classes[i] = k - 1
            elseif v ~= 0 then
                return nil
            end
        end
    end
    return luma.tensor(classes, "i32")
end

function flows.check_options(fn, given)
    if given ~= nil and type(given) ~= "table" then
        fail("EARG", fn, "the last argument wants a table of options, got %s", internal.value(given))
    end
end

local flow_spec = spec_of{
    { name = "sample_weight", kind = "table", text = "one number a sample: how much it counts" },
    { name = "ignore_class_split", kind = "boolean", default = false,
        text = "allow a split whose parts have different classes" },
}

-- The labels in both parts of a split must be the same, or one of them is trained or checked on classes
-- it never saw.
local function check_split(g, fn, y, n)
    local cut = math.floor(n * g.options.validation_split)
    local seen = { {}, {} }
    for i = 1, n do
        seen[i <= cut and 1 or 2][y[i]] = true
    end
    for part = 1, 2 do
        for label in pairs(seen[part]) do
            if not seen[3 - part][label] then
                fail("EARG", fn, "label %g is in one part of the split only; shuffle the data first, or use "
                    .. "luma's own dataset:split, which keeps the share of every class (ignore_class_split=true "
                    .. "accepts this split)", label)
            end
        end
    end
end

local function check_length(fn, what, t, n)
    if t and t.shape[1] ~= n then
        fail("ESHAPE", fn, "there are %d images, but %d %s", n, t.shape[1], what)
    end
end

function flows.flow(g, x, y, given)
    local fn = g.class .. ":flow"
    if type(y) == "table" and given == nil and #y == 0 then
        y, given = nil, y
    end
    local weights
    flows.check_options(fn, given)
    if given then
        local copy = {}
        for name, value in pairs(given) do copy[name] = value end
        weights, copy.sample_weight = as_tensor(fn, "option 'sample_weight'", copy.sample_weight), nil
        given = copy
    end
    local o = internal.options(fn, given, flow_spec)
    if type(x) == "table" then
        fail("EARG", fn, "lists of inputs are not supported: one tensor of images, got a table")
    end
    if is_set(x) then
        if y ~= nil then
            fail("EARG", fn, "a dataset has its own labels; leave y out")
        end
        flows.check_brightness(g, fn, x)
        local first, last = range_of(g, fn, o.subset, #x)
        return new(g, fn, first == 1 and last == #x and x or x:range(first, last), o, {})
    end
    if is_tensor(x) and #x.shape ~= 4 then
        flows.as_set(g, fn, x)
    end
    y = as_tensor(fn, "argument 2 (y)", y)
    if weights and not y then
        fail("EARG", fn, "sample_weight without y has nothing to weigh")
    end
    local n = is_tensor(x) and x.shape[1] or 0
    check_length(fn, "labels", y, n)
    check_length(fn, "weights", weights, n)
    local parts = { weights = weights and weights:to "f32" }
    if y and are_classes(y) then
        parts.labels = y:to "i32"
    elseif y then
        local classes = classes_of_rows(y)
        parts.labels, o.labels = classes, classes and "one_hot" or nil
        parts.n_classes = classes and y.shape[2]
        parts.targets = not classes and y:to "f32" or nil
    end
    local set = flows.as_set(g, fn, x, parts)
    flows.check_brightness(g, fn, x)
    local first, last = range_of(g, fn, o.subset, n)
    if o.subset and parts.labels and not o.ignore_class_split then
        check_split(g, fn, parts.labels, n)
    end
    return new(g, fn, o.subset and set:range(first, last) or set, o, {})
end

-- For the flows from files.
flows.new, flows.range_of, flows.spec_of, flows.fail = new, range_of, spec_of, fail

return flows
