-- Random augmentation: what it says, who sees it, that it is the same everywhere, and what it refuses.
local test = require "luma.test"

local train, small = luma.dataset.digits { train = 300, test = 60, seed = 2 }
local scale = luma.generator { luma.rescale(1 / 255) }

local function images(values, h, w, c, dtype)
    return luma.dataset.tensor {
        images = luma.tensor(values, dtype or "u8"):reshape { -1, h, w, c },
    }
end

local function all_kinds()
    return {
        luma.rotate(15), luma.shift { height = 0.1, width = { -0.05, 0.1 } }, luma.shear(5),
        luma.zoom { 0.9, 1.1 }, luma.flip "horizontal", luma.crop { pad = 2 },
        luma.crop { scale = { 0.7, 1 }, p = 0.5 }, luma.brightness { 0.8, 1.2 }, luma.contrast(0.2),
        luma.channel_shift(10), luma.noise { 0, 8 }, luma.erase { area = { 0.02, 0.1 } },
        luma.one_of { luma.rotate(5), luma.noise(3), weights = { 1, 2 } },
        luma.sometimes(0.3, luma.flip "vertical", luma.brightness(0.1)),
    }
end

test("a new generator, the old one unchanged", function()
    local g = scale:augment { luma.rotate(15), luma.flip "horizontal" }
    test.eq(#scale.augments, 0)
    test.eq(#g.augments, 2)
    test.eq(g.augments[1].kind, "rotate")
    test.eq(g.augments[2].p, 0.5)
    test.eq(#g, 1)
    test.eq(tostring(g), "generator of 1 stage: rescale; augmented by rotate, flip")
    local more = g:augment { luma.noise(3) }
    test.eq(#more.augments, 3)
    test.eq(#g.augments, 2)
end)

test("augmentations describe themselves", function()
    test.eq(tostring(luma.rotate(15)), "rotate -15 to 15 degrees, fill nearest")
    test.eq(tostring(luma.rotate { -10, 20, fill = "constant", fill_value = 7, order = 0, p = 0.5 }),
        "rotate -10 to 20 degrees, fill constant 7, order 0, p 0.5")
    test.eq(tostring(luma.shift { height = 2, unit = "pixels", whole = true }),
        "shift height -2 to 2 pixels width 0 pixels, whole, fill nearest")
    test.eq(tostring(luma.zoom { 0.9, 1.1, separate = true }),
        "zoom 0.9 to 1.1, rows and columns each, fill nearest")
    test.eq(tostring(luma.crop { pad = { 2, 3 } }),
        "crop rows -2 to 2 columns -3 to 3, fill nearest")
    test.eq(tostring(luma.erase { value = 9 }),
        "erase area 0.02 to 0.2 ratio 0.3 to 3.33333, value 9, p 0.5")
    local a = luma.one_of { luma.noise(3), luma.hue(9) }
    test.eq(tostring(a), "one_of { noise std 3; hue -9 to 9 degrees }")
    test.eq({ #a, a[2].kind, #luma.noise(3) }, { 2, "hue", 0 })
    test.fails("augmentation[i]: this augmentation holds no others", function() return luma.hue(9)[1] end)
end)

test("explain lists them and says how they run", function()
    local text = scale:augment { luma.rotate(15), luma.zoom(0.1), luma.noise(3) }:explain()
    test.ok(text:find("1. rotate -15 to 15 degrees, fill nearest  (", 1, true), text)
    test.ok(text:find("runs 1 and 2 as one warp, then 3 on floats in place", 1, true), text)
    test.ok(text:find("pass 1: rescale", 1, true), text)
    test.ok(not scale:explain():find "training")
end)

test("a flip moves pixels, a shift moves the picture down and to the right", function()
    local ds = images({ 1, 2, 3, 4, 5, 6 }, 2, 3, 1)
    local function once(augmentation)
        return luma.generator({}):augment({ augmentation }):replay(ds, 1, 1):reshape({ -1 }):table()
    end
    test.eq(once(luma.flip { "horizontal", p = 1 }), { 3.0, 2.0, 1.0, 6.0, 5.0, 4.0 })
    test.eq(once(luma.flip { "vertical", p = 1 }), { 4.0, 5.0, 6.0, 1.0, 2.0, 3.0 })
    local down = luma.shift { height = { 1, 1 }, unit = "pixels", fill = "constant" }
    test.eq(once(down), { 0.0, 0.0, 0.0, 1.0, 2.0, 3.0 })
    local right = luma.shift { width = { 1, 1 }, unit = "pixels", fill = "constant", fill_value = 9 }
    test.eq(once(right), { 9.0, 1.0, 2.0, 9.0, 4.0, 5.0 })
    test.eq(once(luma.rotate { 180, 180 }), { 6.0, 5.0, 4.0, 3.0, 2.0, 1.0 }, "about the true centre")
end)

test("brightness multiplies in any range; bytes are clipped, floats are not", function()
    local g = luma.generator({}):augment { luma.brightness { 2, 2 } }
    test.eq(g:replay(images({ 3, 200 }, 1, 2, 1), 1, 1):reshape({ -1 }):table(), { 6.0, 255.0 })
    local floats = images({ -0.5, 200 }, 1, 2, 1, "f32")
    test.eq(g:replay(floats, 1, 1):reshape({ -1 }):table(), { -1.0, 400.0 })
end)

test("probability 0 and ranges that change nothing leave every bit", function()
    local plain = scale:flow(train, { batch = 300, shuffle = false }):next()
    local g = scale:augment {
        luma.rotate { 40, p = 0 }, luma.rotate(0), luma.zoom { 1, 1 }, luma.shear(0),
        luma.brightness { 1, 1 }, luma.contrast(0), luma.noise(0), luma.channel_shift(0),
        luma.sometimes(0, luma.flip "vertical"),
    }
    test.ok(g:flow(train, { batch = 300, shuffle = false }):next():equal(plain))
end)

test("replay gives what a flow gives, and what was drawn", function()
    local g = scale:augment(all_kinds())
    for epoch = 1, 2 do
        local flow = g:flow(train, { batch = 300, shuffle = false, seed = 9 })
        local x
        for _ = 1, epoch do x = flow:next() end
        for i = 1, 300, 7 do
            local pixels, drawn, scaled = g:replay(train, i, epoch, { seed = 9 })
            test.ok(scaled:equal(x[i]), i)
            test.eq(pixels.shape, { 28, 28, 1 })
            test.ok(g:apply(pixels:reshape { 1, 28, 28, 1 })[1]:max_abs_diff(scaled) < 2 ^ -22)
            test.eq(drawn[1].kind, "rotate")
            test.ok(math.abs(drawn[1].degrees) <= 15)
            test.ok(math.abs(drawn[2].rows) <= 2.8 and drawn[2].columns >= -1.4)
        end
    end
    local _, drawn = scale:replay(train, 1, 1)
    test.eq(drawn, {})
end)

test("the same bits whatever the workers, batch and order", function()
    local g = scale:augment(all_kinds()):augment { luma.mixup(0.4) }
    local function sums(options)
        options.seed = 5
        local flow = g:flow(train, options)
        local list = {}
        for x in flow:batches() do
            for i = 1, #x do list[#list + 1] = x[i]:sha256() end
        end
        table.sort(list)
        return table.concat(list)
    end
    local want = sums { batch = 300 }
    for _, options in ipairs { { batch = 7 }, { batch = 64, workers = 1 }, { batch = 10, workers = 3 },
        { batch = 33, shuffle = false } } do
        test.eq(sums(options), want)
    end
end)

test("images and masks stay in step", function()
    local values, masks = {}, {}
    for i = 1, 20 * 64 do
        values[i] = i * 37 % 256
        masks[i] = values[i] > 127 and 1 or 0
    end
    local x = images(values, 8, 8, 1)
    local y = images(masks, 8, 8, 1)
    local g = luma.generator({}):augment {
        luma.rotate { 90, 90, p = 0.5 }, luma.flip "horizontal",
        luma.shift { height = 3, width = 3, unit = "pixels", whole = true, fill = "tile" },
    }
    local o = { batch = 20, seed = 3, labels = "none" }
    local a, b = g:flow(x, o):next():reshape { -1 }, g:flow(y, o):next():reshape { -1 }
    for i = 1, #a do
        test.eq(b[i], a[i] > 127 and 1.0 or 0.0)
    end
end)

test("epochs and samples differ; seeds do", function()
    local g = scale:augment { luma.rotate(15) }
    local function degrees(i, epoch, seed)
        local _, drawn = g:replay(train, i, epoch, { seed = seed })
        return drawn[1].degrees
    end
    local seen = {}
    for _, key in ipairs { { 1, 1, 0 }, { 2, 1, 0 }, { 1, 2, 0 }, { 1, 1, 1 } } do
        local d = degrees(table.unpack(key))
        test.ok(not seen[d])
        seen[d] = true
    end
    luma.seed = 1
    local _, drawn = g:replay(train, 1, 1)
    luma.seed = 0
    test.eq(drawn[1].degrees, degrees(1, 1, 1))
end)

test("an entry added at the end leaves the others' draws alone", function()
    local list = { luma.rotate(15), luma.one_of { luma.zoom(0.1), luma.shear(4) } }
    local _, before = scale:augment(list):replay(train, 4, 2)
    list[3] = luma.noise(3)
    local _, after = scale:augment(list):replay(train, 4, 2)
    test.eq({ after[1], after[2] }, before)
end)

local function network()
    return luma.model {
        input = { 28, 28, 1 }, seed = 3,
        luma.nn.conv { 8, act = "relu" }, luma.nn.maxpool { 2 }, luma.nn.flatten {},
        luma.nn.dense { 10, act = "softmax" },
    }
end

local function trained(g, threads, workers)
    local model = network()
    local before = luma.threads
    luma.threads = threads
    model:fit { g:flow(train, { batch = 50, seed = 1, workers = workers }), epochs = 2, progress = false }
    luma.threads = before
    return model:digest(), model
end

test("only training sees changed images", function()
    local g = scale:augment { luma.rotate(60), luma.noise(50), luma.mixup(1) }
    local _, model = trained(g, 2, 0)
    local plain, other = scale:flow(small), g:flow(small)
    test.eq(model:evaluate(other).loss, model:evaluate(plain).loss)
    test.ok(model:predict(other):equal(model:predict(plain)))
    test.ok(g:apply(small:image(1):reshape { 1, 28, 28, 1 })
        :equal(scale:apply(small:image(1):reshape { 1, 28, 28, 1 })))
    local again = network()
    local history = again:fit { g:flow(train, { batch = 50, seed = 1 }), epochs = 2, validate = other,
        progress = false }
    test.eq(history.val_loss[2], model:evaluate(plain).loss)
    local fitted = luma.generator { luma.standardize "feature" }
    local augmented = fitted:augment { luma.brightness { 0.1, 0.2 } }
    augmented:fit(train)
    test.eq(augmented.mean, train:stats().mean)
    test.eq(fitted.fitted_on, nil)
end)

test("training is the same for any threads and workers, and learns from blended labels", function()
    for _, list in ipairs { all_kinds(), { luma.rotate(15), luma.mixup(0.4) } } do
        local g = scale:augment(list)
        local want = trained(g, 1, 0)
        for _, case in ipairs { { 2, 1 }, { 3, 3 }, { 8, 0 } } do
            test.eq(trained(g, case[1], case[2]), want)
        end
        test.ok(trained(scale, 1, 0) ~= want)
    end
end)

test("the same bits on every machine and with every instruction set", function()
    local g = scale:augment(all_kinds()):augment { luma.mixup(0.4) }
    local x = g:flow(train, { batch = 300, seed = 5 }):next()
    test.eq(x:sha256(), "389dc720748bdf2f0bc92a01d55b06ba4accb52b792fff9416f2dba8002a6631")
end)

test("mixup blends labels of flows that give rows", function()
    local g = scale:augment { luma.mixup(1) }
    local x, y = g:flow(train, { batch = 20, shuffle = false, labels = "one_hot", seed = 4 }):next()
    local classes = select(2, g:flow(train, { batch = 20, shuffle = false, seed = 4 }):next())
    for i = 1, 20 do
        local _, drawn = g:replay(train, i, 1, { seed = 4 })
        local mixed = drawn[#drawn]
        test.eq(mixed.kind, "mixup")
        test.ok(mixed.share >= 0.5 and mixed.partner ~= i)
        local a, b = train:label(i), train:label(mixed.partner)
        test.eq(classes:get(i), a)
        test.ok(math.abs(y:get(i, a + 1) - (a == b and 1 or mixed.share)) < 1e-6)
        test.ok(math.abs(y:get(i, b + 1) - (a == b and 1 or 1 - mixed.share)) < 1e-6)
        test.ok(math.abs(y[i]:sum() - 1) < 1e-6)
    end
    test.eq(x.shape, { 20, 28, 28, 1 })
end)

test("whitening, samplewise stages and maps follow as they would", function()
    for _, stages in ipairs {
        { luma.rescale(1 / 255), luma.zca { epsilon = 0.1 } },
        { luma.standardize "sample" },
        { luma.rescale(1 / 255), luma.clip { 0.2, 0.7 } },
    } do
        local g = luma.generator(stages):fit(train):augment { luma.rotate(15), luma.noise(4) }
        local x = g:flow(train, { batch = 20, shuffle = false, seed = 4 }):next()
        for i = 1, 20 do
            local pixels, _, scaled = g:replay(train, i, 1, { seed = 4 })
            test.ok(scaled:equal(x[i]))
            test.ok(g:apply(pixels:reshape { 1, 28, 28, 1 })[1]:equal(scaled))
        end
    end
    local g = luma.generator({ luma.map(function(v) return v * v end) }):augment { luma.rotate(15) }
    local pixels, _, scaled = g:replay(train, 1, 1)
    for r = 1, 28 do
        for c = 1, 28 do
            local byte = math.floor(pixels:get(r, c, 1) + 0.5)
            test.eq(scaled:get(r, c, 1), byte * byte * 1.0)
        end
    end
end)

test("save and load keep the list", function()
    local path = test.path()
    local g = scale:augment(all_kinds()):augment { luma.mixup { 0.4, p = 0.5 } }
    g:save(path)
    local back = luma.load(path)
    test.eq(#back.augments, #g.augments)
    for i, a in ipairs(g.augments) do test.eq(tostring(back.augments[i]), tostring(a)) end
    local o = { batch = 300, seed = 3 }
    local x, y = back:flow(train, o):next(), g:flow(train, o):next()
    test.ok(x:equal(y))
    local model = network()
    model:save(path, { generator = g })
    local _, with_model = luma.load(path)
    os.remove(path)
    test.eq(#with_model.augments, #g.augments)
end)

test("colour works on colour only", function()
    local g = luma.generator({}):augment { luma.noise(1), luma.sometimes(0.5, luma.hue(20)) }
    test.fails("~^generator:flow: augmentation 2 %(sometimes, .*%): hue wants colour images of 3 "
        .. "channels %(or 4, the last one opacity%), got 28x28x1", function() g:flow(train) end)
    local grey = luma.generator({}):augment { luma.saturation { 0, 0 } }
    local p = grey:replay(images({ 255, 0, 0, 0, 255, 0 }, 1, 2, 3), 1, 1)
    test.ok(math.abs(p:get(1, 1, 1) - 255 * 0.299) < 1e-3 and math.abs(p:get(1, 2, 3) - 255 * 0.587) < 1e-3)
end)

test("augmentations refuse what makes no sense", function()
    test.fails("luma.rotate: argument 1 (degrees) wants a number, got nothing",
        function() luma.rotate() end)
    test.fails("luma.rotate: degrees is -5, wanted 0 or more (x is -x..x), or {lo, hi}",
        function() luma.rotate(-5) end)
    test.fails("luma.rotate: degrees is 10 to -10, wanted the lower bound first",
        function() luma.rotate { 10, -10 } end)
    test.fails("luma.rotate: wants a number, or two { lo, hi }, got 3 list items",
        function() luma.rotate { 1, 2, 3 } end)
    test.fails("luma.zoom: factor is 1.2, wanted 0 to 0.99 (x is 1-x..1+x), or {lo, hi} as in "
        .. "luma.zoom{ 0.9, 1.1 }", function() luma.zoom(1.2) end)
    test.fails("luma.zoom: factor is 0, wanted 0.01 to 100", function() luma.zoom { 0, 1 } end)
    test.fails("luma.shift: wants height= (moves rows), width= (moves columns) or both",
        function() luma.shift {} end)
    test.fails("luma.shift: option 'height' wants a number, or two {lo, hi}, got \"10%\"",
        function() luma.shift { height = "10%" } end)
    test.fails("luma.crop: wants pad= (surround, then cut the old size out) or scale= (cut a share "
        .. "out, then stretch it)", function() luma.crop {} end)
    test.fails("~got both; write two crops$", function() luma.crop { pad = 2, scale = 0.5 } end)
    test.fails("luma.crop: scale is 1.5, wanted 0.0001 to 1",
        function() luma.crop { scale = { 0.5, 1.5 } } end)
    test.fails('luma.flip: the axis wants "horizontal" or "vertical", got "horizontally"; did you '
        .. 'mean "horizontal"?', function() luma.flip "horizontally" end)
    test.fails("luma.noise: std is -3, wanted 0 to 1e+06", function() luma.noise(-3) end)
    test.fails("luma.one_of: wants one augmentation at least, got 0 list items",
        function() luma.one_of {} end)
    test.fails("luma.one_of: option 'weights' wants 1 numbers, one an item, got 2",
        function() luma.one_of { luma.noise(1), weights = { 1, 2 } } end)
    test.fails("luma.one_of: a mixup cannot stand in a group; write it as the last entry of the "
        .. "list, with p= where it should not always happen",
        function() luma.one_of { luma.mixup(0.2) } end)
    test.fails("~^luma.sometimes: wants a probability and then 1 to 64 augmentations",
        function() luma.sometimes(0.3) end)
    test.fails("luma.sometimes: item 1 wants an augmentation, such as luma.rotate(15), got 15",
        function() luma.sometimes(0.3, 15) end)
    test.fails("~^generator:augment: augmentation 1 %(mixup, .*%): blends finished images",
        function() scale:augment { luma.mixup(0.2), luma.noise(3) } end)
    test.fails("generator:augment: wants one augmentation at least, up to 64, got 0 list items",
        function() scale:augment {} end)
    test.fails("generator:replay: argument 2 (i) wants an integer from 1 to 300, got 301",
        function() scale:replay(train, 301, 1) end)
    local closed = luma.noise(3)
    closed:close()
    test.fails("generator:augment: item 1 is closed", function() scale:augment { closed } end)
end)

test.done()
