-- luma.keras beyond the numbers: what it refuses and how it says so, flows in step, preprocessing functions,
-- layouts, and that evaluation never sees a random change.
local test = require "luma.test"

local new = luma.keras.ImageDataGenerator
local CLASS <const> = "luma.keras.ImageDataGenerator"
local N <const> = 12

local x = luma.zeros({ N, 4, 6, 1 }, "u8")
local y = {}
for i = 1, N do
    y[i] = (i - 1) % 3
    for r = 1, 4 do
        for c = 1, 6 do
            x:set(i, r, c, 1, (i * 37 + r * 11 + c * 5) % 256)
        end
    end
end
local plain = new{ rescale = 1 / 255 }
local random = { rotation_range = 40, width_shift_range = 0.2, zoom_range = 0.2, horizontal_flip = true }

-- f() fails with a message that begins with where (behind the class' name) and want.
local function fails(where, want, f)
    return test.fails("~^" .. (CLASS .. where .. ": " .. want):gsub("%p", "%%%0"), f)
end

local function refuses_option(options, want)
    fails("", want, function() new(options) end)
end

local function refuses_flow(g, options, want)
    fails(":flow", want, function() g:flow(x, y, options) end)
end

test("options that are none", function()
    refuses_option({ rotation_rage = 3 }, "unknown option 'rotation_rage'; did you mean 'rotation_range'? (options: ")
    refuses_option({ width_shift = 3 }, "unknown option 'width_shift'; did you mean 'width_shift_range'?")
    refuses_option({ 3 }, "takes options only, written name=value; got 1 list item")
    refuses_option(4, "wants a table of options, got 4")
    refuses_option({ rotation_range = "3" }, "option 'rotation_range' wants a number from 0 to 360, got \"3\"")
    refuses_option({ fill_mode = "neares" }, 'option \'fill_mode\' wants "constant", "nearest", "reflect" or "wrap", '
        .. 'got "neares"; did you mean "nearest"?')
    refuses_option({ interpolation_order = 2 }, "option 'interpolation_order' wants an integer from 0 to 1, got 2")
    refuses_option({ data_format = "first" }, 'option \'data_format\' wants "channels_last" or "channels_first"')
    refuses_option({ preprocessing_function = 3 }, "option 'preprocessing_function' wants a function, got 3")
end)

test("ranges that make no sense", function()
    local nan = 0 / 0
    refuses_option({ rotation_range = -3 }, "option 'rotation_range' wants a number from 0 to 360, got -3")
    refuses_option({ zoom_range = 1 }, "zoom_range goes from 0 to 2, wanted { lowest, highest } with both above 0")
    refuses_option({ zoom_range = { 1.2, 0.8 } }, "zoom_range goes from 1.2 to 0.8")
    refuses_option({ zoom_range = { 1.2 } }, "option 'zoom_range' wants a number below 1 or { lowest, highest }")
    refuses_option({ zoom_range = nan }, "zoom_range goes from ")
    refuses_option({ brightness_range = 2 }, "option 'brightness_range' wants { lowest, highest }, got 2")
    refuses_option({ brightness_range = { -1, 1 } }, "brightness_range goes from -1 to 1")
    refuses_option({ width_shift_range = 1 }, "width_shift_range = 1 would never move anything")
    refuses_option({ height_shift_range = -0.5 }, "height_shift_range is -0.5, wanted 0 or more")
    refuses_option({ height_shift_range = math.huge }, "height_shift_range is inf, wanted 0 or more")
    refuses_option({ width_shift_range = {} }, "option 'width_shift_range' wants a number or a list of up to 64")
    refuses_option({ rescale = nan }, "option 'rescale' wants a number, got nan")
    refuses_option({ validation_split = 1 }, "option 'validation_split' wants a share above 0 and below 1")
end)

test("members", function()
    test.fails(CLASS .. " has no member 'men'; did you mean 'mean'?", function() return plain.men end)
    fails("", "'rescale' cannot be set; make another generator", function() plain.rescale = 3 end)
    test.eq({ plain.mean, plain.rescale, plain.fill_mode }, { nil, 1 / 255, "nearest" })
    test.eq(tostring(new{ zoom_range = { 0.5, 2 }, vertical_flip = true }),
        "ImageDataGenerator{ vertical_flip=true, zoom_range={0.5, 2} }")
end)

test("statistics that are not there", function()
    local g = new{ featurewise_center = true, featurewise_std_normalization = true }
    local want = "featurewise statistics are asked for, but there are none yet; call g:fit(x) first"
    fails(":standardize", want, function() g:standardize(x) end)
    fails(":standardize", want, function() g:standardize(x[1]) end)
    refuses_flow(g, nil, want)
    fails(":fit", "option 'rounds' wants an integer from 1 to 1000, got 0", function() g:fit(x, { rounds = 0 }) end)
    fails(":fit", "wants images of rank 4", function() g:fit(x[1]) end)
    fails(":fit", "argument 1 wants a tensor of images or a dataset, got 3", function() g:fit(3) end)
    g:fit(x)
    test.near(g:standardize(x):mean(), 0, 1e-5)
    test.fails("~standardize was fitted on images 4x6x1, these are 4x6x3",
        function() g:flow(luma.zeros({ 3, 4, 6, 3 }, "u8")) end)
end)

test("flows that cannot be", function()
    refuses_flow(plain, { subset = "training" }, 'subset="training" wants a validation_split')
    refuses_flow(plain, { subset = "train" }, 'option \'subset\' wants "training" or "validation", got "train"; did '
        .. 'you mean "training"?')
    refuses_flow(plain, { batchsize = 3 }, "unknown option 'batchsize'; did you mean 'batch_size'?")
    refuses_flow(plain, { batch_size = 0 }, "option 'batch_size' wants an integer from 1")
    refuses_flow(plain, { save_format = "jpeg" }, "option 'save_format' wants \"png\", got \"jpeg\"")
    refuses_flow(plain, { sample_weight = { 1 } }, "there are 12 images, but 1 weights")
    refuses_flow(plain, 3, "the last argument wants a table of options, got 3")
    refuses_flow(new{ validation_split = 0.05 }, { subset = "validation" },
        "the validation part of 12 samples is empty with validation_split=0.05")
    refuses_flow(new{ validation_split = 0.1 }, { subset = "validation" }, "label 1 is in one part of the split only")
    fails(":flow", "sample_weight without y has nothing to weigh",
        function() plain:flow(x, { sample_weight = { 1 } }) end)
    fails(":flow", "there are 12 images, but 2 labels", function() plain:flow(x, { 1, 2 }) end)
    fails(":flow", "lists of inputs are not supported", function() plain:flow({ x, x }, y) end)
    fails(":flow", "wants images of rank 4", function() plain:flow(x[1], y) end)
    fails(":flow", "argument 1 wants a tensor of images or a dataset, got nil", function() plain:flow() end)
    test.fails("flow has no field or method 'nonsense'", function() return plain:flow(x, y).nonsense end)
    test.fails("flow:get: argument 1 (number of the batch) wants an integer from 1 to 3, got 4",
        function() plain:flow(x, y, { batch_size = 5 }):get(4) end)
end)

test("one image changed in a way that is none", function()
    local function refuses(image, parameters, want)
        fails(":apply_transform", want, function() plain:apply_transform(image, parameters) end)
    end
    refuses(x[1], { thet = 3 }, "unknown parameter 'thet'; did you mean 'theta'?")
    refuses(x[1], { theta = "3" }, "parameter 'theta' wants a number, got \"3\"")
    refuses(x[1], { theta = 0 / 0 }, "parameter 'theta' wants a number, got nan")
    refuses(x[1], { zx = 0 }, "parameter 'zx' wants a number above 0, got 0")
    refuses(x[1], { flip_vertical = 1 }, "parameter 'flip_vertical' wants true or false, got 1")
    refuses(x[1], 3, "the last argument wants a table of options, got 3")
    refuses(x, {}, "wants a tensor of rank 3, got rank 4")
    refuses(3, {}, "argument 1 wants a tensor of pixels, got 3")
    test.fails("~three numbers, got 3$", function() plain:get_random_transform(3) end)
    test.fails("~three numbers, got a table$", function() plain:get_random_transform{ "a", 2, 3 } end)
    test.fails("~argument 2 %(seed%) wants an integer of at least 0, got %-1$",
        function() plain:get_random_transform({ 4, 6, 1 }, -1) end)
    test.ok(plain:apply_transform(x[1]):equal(x[1]:to "f32"))
    test.eq(new(random):get_random_transform({ 4, 6, 1 }, 3), new(random):get_random_transform({ 4, 6, 1 }, 3))
end)

-- fn(root) with three class folders of two images each.
local function with_folders(fn)
    local root = test.path()
    for k, class in ipairs{ "a", "b", "c" } do
        assert(os.execute(("mkdir -p '%s/%s'"):format(root, class)))
        for i = 1, 2 do
            x[2 * k + i]:save(("%s/%s/%d.png"):format(root, class, i))
        end
    end
    local ok, err = pcall(fn, root)
    os.execute(("rm -r '%s'"):format(root))
    if not ok then
        error(err, 0)
    end
end

test("folders", function()
    with_folders(function(root)
        local function refuses(options, want)
            fails(":flow_from_directory", want, function() plain:flow_from_directory(root, options) end)
        end
        refuses({ class_mode = "binary" }, 'class_mode="binary" wants two classes, ' .. root .. " has 3")
        refuses({ class_mode = "binry" }, "option 'class_mode' wants one of categorical, binary, sparse, input, none")
        refuses({ classes = { "a", "a" } }, "option 'classes' names 'a' twice")
        refuses({ classes = { "a", "x" } }, "there is no class folder 'x' in " .. root)
        refuses({ subset = "validation" }, 'subset="validation" wants a validation_split')
        refuses(3, "the last argument wants a table of options, got 3")
        local flow = plain:flow_from_directory(root, { classes = { "c", "a" }, class_mode = "binary", shuffle = false,
            target_size = { 4, 6 }, color_mode = "grayscale" })
        local pixels, labels = flow:next()
        test.ok(pixels[1]:equal(plain:standardize(x[7])) and pixels[4]:equal(plain:standardize(x[4])))
        test.eq(labels:to("i32"):table(), { 0, 0, 1, 1 })
        test.eq(flow.filenames, { "c/1.png", "c/2.png", "a/1.png", "a/2.png" })
        test.eq(flow.class_indices, { c = 0, a = 1 })
    end)
    fails(":flow_from_directory", "cannot open /nonexistent", function() plain:flow_from_directory "/nonexistent" end)
    fails(":flow_from_dataframe", "argument 1 wants the path of a CSV file or a table of columns, got 3",
        function() plain:flow_from_dataframe(3) end)
end)

test("weights stay with their samples in a subset", function()
    local weights = {}
    for i = 1, N do weights[i] = i end
    for subset, first in pairs{ training = 4, validation = 1 } do
        local flow = new{ validation_split = 0.25 }:flow(x, y,
            { subset = subset, sample_weight = weights, shuffle = false, batch_size = N })
        local pixels, _, w = flow:next()
        test.eq({ w[1], #w, flow.n }, { first + 0.0, subset == "training" and 9 or 3, #w })
        test.ok(pixels[1]:equal(x[first]:to "f32"))
    end
end)

test("two flows with the same seed stay in step, reset begins again", function()
    local a, b = new(random):flow(x, { batch_size = 5, seed = 4 }), new(random):flow(x, { batch_size = 5, seed = 4 })
    local other = new(random):flow(x, { batch_size = 5, seed = 5 })
    local first = a:next()
    test.ok(b:next():equal(first) and not other:next():equal(first))
    for _ = 2, 8 do
        test.ok(a:next():equal(b:next()))
    end
    test.ok(a:reset():next():equal(first))
    test.ok(a:get(1):equal(first) and a:get(2):equal(a:next()))
end)

test("a loop over batches is an epoch, as with luma's own flows", function()
    local own = luma.generator{}:flow(luma.dataset.tensor{ images = x }, { batch = 5, labels = "none" })
    local flow = new{}:flow(x, { batch_size = 5 })
    flow:next()
    own:next()
    for _ = 1, 2 do
        local sizes, want = {}, {}
        for images in flow:batches() do sizes[#sizes + 1] = #images end
        for images in own:batches() do want[#want + 1] = #images end
        test.eq(sizes, want)
        test.eq(flow.epoch, own.epoch)
    end
end)

test("save_to_dir writes what a flow gives", function()
    local dir = test.path()
    local flow = new{}:flow(x, y, { batch_size = 5, shuffle = false, save_to_dir = dir, save_prefix = "pic" })
    local pixels = flow:next()
    local names = {}
    for name in assert(io.popen(("ls '%s'"):format(dir))):lines() do names[#names + 1] = name end
    test.eq(#names, 5)
    for i, name in ipairs(names) do
        test.eq(name, ("pic_%05d_epoch001.png"):format(i))
        test.eq(luma.image.load(dir .. "/" .. name).shape[1], #pixels[i])
    end
    os.execute(("rm -r '%s'"):format(dir))
end)

test("a preprocessing function without random changes runs once an image", function()
    local n = 0
    local g = new{ rescale = 0.5, preprocessing_function = function(image)
        n = n + 1
        return image * 3
    end }
    local flow = g:flow(x, y, { batch_size = 5, shuffle = false })
    for _ = 1, 2 do
        test.ok(flow:next():equal(x:narrow(1, 5):to "f32" * 1.5))
        test.eq({ #flow:next(), #flow:next() }, { 5, 2 })
    end
    test.eq(n, N)
    test.ok(g:standardize(x[1]):equal(x[1]:to "f32" * 1.5))
end)

test("with them, it gets the changed images, once an epoch", function()
    local n = 0
    local options = { preprocessing_function = function(image)
        n = n + 1
        return image * 2
    end }
    for name, value in pairs(random) do options[name] = value end
    local o = { batch_size = 5, seed = 4 }
    local flow, without = new(options):flow(x, y, o), new(random):flow(x, y, o)
    local function in_step(method, ...)
        local a, a_labels = flow[method](flow, ...)
        local b, b_labels = without[method](without, ...)
        test.ok(a:equal(b * 2) and a_labels:equal(b_labels), method)
        test.eq(flow.epoch, without.epoch)
    end
    for k = 1, 7 do
        in_step "next"
        test.eq(n, N * ((k + 2) // 3))
    end
    in_step("get", 3)
    flow:on_epoch_end()
    without:on_epoch_end()
    for _ = 1, 4 do in_step "next" end
    flow:reset()
    without:reset()
    for _ = 1, 3 do in_step "next" end
    flow:on_epoch_end()
    without:on_epoch_end()
    in_step("get", 1)
    in_step "next"
end)

test("preprocessing functions that fail", function()
    local function refuses(f, want)
        test.fails("~" .. want, function() new{ preprocessing_function = f }:flow(x, y) end)
    end
    refuses(function() return 3 end, "the preprocessing_function must give an image back, got 3")
    refuses(function() error "stop here" end, "stop here")
    local n = 0
    refuses(function(image)
        n = n + 1
        return image:narrow(1, n)
    end, "gives image 2 another shape than those before")
    test.fails("~must give an image back, got nil$",
        function() new{ preprocessing_function = function() end }:standardize(x[1]) end)
end)

test("channels first", function()
    local first = x:permute{ 1, 4, 2, 3 }
    local options = { rescale = 1 / 255, featurewise_center = true }
    local b = new(options):fit(x)
    options.data_format = "channels_first"
    local a = new(options):fit(first)
    test.eq({ a.mean.shape, b.mean.shape }, { { 1, 1, 1 }, { 1, 1, 1 } })
    local fa, fb = a:flow(first, y, { batch_size = 5, seed = 2 }), b:flow(x, y, { batch_size = 5, seed = 2 })
    test.eq({ fa.image_shape, fb.image_shape }, { { 1, 4, 6 }, { 4, 6, 1 } })
    for _ = 1, 4 do
        local xa, ya = fa:next()
        local xb, yb = fb:next()
        test.eq(xa.shape, { #xb, 1, 4, 6 })
        test.ok(xa:equal(xb:permute{ 1, 4, 2, 3 }) and ya:equal(yb))
    end
    test.eq(a:standardize(first[1]).shape, { 1, 4, 6 })
    fails(":flow", "wants images of rank 4", function() a:flow(first[1], y) end)
end)

test("training by steps sees what training by epochs does", function()
    local function network()
        return luma.model{ input = { 4, 6, 1 }, luma.nn.flatten{}, luma.nn.dense{ 3, act = "softmax" } }
    end
    local function flow()
        local g = new{ rotation_range = 90, rescale = 1 / 255, preprocessing_function = function(i) return i * 2 end }
        return g:flow(x, y, { batch_size = 5, seed = 4 })
    end
    local by_epochs, by_steps = network(), network()
    by_epochs:fit{ flow(), epochs = 3, progress = false }
    local n = 0
    for _ in by_steps:steps{ flow(), epochs = 3 } do n = n + 1 end
    test.eq(n, 9)
    test.eq(by_steps:digest(), by_epochs:digest())
end)

test("evaluation never sees a random change", function()
    local train, other = luma.dataset.digits{ train = 200, test = 50, seed = 3 }
    local model = luma.model{ input = { 28, 28, 1 }, luma.nn.flatten{}, luma.nn.dense{ 10, act = "softmax" } }
    local double = function(image) return image * 2 end
    for _, f in ipairs{ false, double } do
        local options = { rescale = 1 / 255, preprocessing_function = f or nil }
        local still = new(options)
        options.rotation_range, options.width_shift_range = 180, 0.3
        local g = new(options)
        local flow = g:flow(other, { seed = 1 })
        local history = model:fit{ g:flow(train, { seed = 1 }), validate = flow, epochs = 2, progress = false }
        local want = model:evaluate(still:flow(other))
        test.eq(history.val_loss[2], want.loss)
        test.eq(model:evaluate(flow).loss, want.loss)
        test.ok(model:predict(flow):equal(model:predict(still:flow(other))))
        local changed, unchanged = flow:next(), still:flow(other, { seed = 1 }):next()
        test.ok(not changed:equal(unchanged), "the flow itself is changed")
    end
end)

test("brightness refuses floats of 0..1, which 8 bits would make black", function()
    local set = luma.dataset.digits{ train = 60, test = 1, seed = 4 }
    local unit = (plain:flow(set, { batch_size = 16 }):next())
    local g = luma.keras.ImageDataGenerator{ brightness_range = { 0.5, 1.5 }, featurewise_center = true }
    for _, images in ipairs { unit, luma.dataset.tensor{ images = unit } } do
        for _, call in ipairs { function() g:flow(images) end, function() g:fit(images, { augment = true }) end } do
            local ok, err = pcall(call)
            test.ok(not ok and tostring(err):find "would turn black", tostring(err))
        end
    end
    g:fit(unit)
    g:flow(unit * 255)
    g:flow(unit - 0.5)
end)

test.done()
