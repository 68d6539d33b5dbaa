local test = require "luma.test"

local train, other = luma.dataset.digits { train = 300, test = 40, seed = 5 }

-- fn() fails with a message that holds `want`, raised in this file.
local function fails(fn, want)
    return test.fails("~" .. want:gsub("%p", "%%%0"), fn)
end

-- Images h x w x c of bytes, each number fn(i, place).
local function images(n, h, w, c, fn)
    local t = luma.zeros({ n, h, w, c }, "u8")
    for i = 1, n do
        for r = 1, h do
            for q = 1, w do
                for k = 1, c do
                    t:set(i, r, q, k, fn(i, ((r - 1) * w + q - 1) * c + k))
                end
            end
        end
    end
    return t
end

-- Small images whose pixels go together a little.
local function noise(n, h, w, c)
    local state = 1
    return images(n, h, w, c, function()
        state = (state * 48271) % 2147483647
        return state >> 20 & 255
    end)
end

local function keras(options)
    return luma.generator { luma.rescale(1 / 255), luma.center { "feature", axis = "channel" },
        luma.zca(options) }
end

test("whitened moments are the identity", function()
    local ds = luma.dataset.tensor { images = noise(200, 2, 3, 1) }
    local g = keras {}:fit(ds)
    local y = g:flow(ds, { batch = 200, shuffle = false }):next():reshape { 200, 6 }
    for a = 1, 6 do
        for b = a, 6 do
            local sum = 0
            for i = 1, 200 do
                sum = sum + y:get(i, a) * y:get(i, b)
            end
            test.near(sum / 200, a == b and 1 or 0, 1e-5)
        end
    end
    test.eq({ g[3].rank, g[3].dropped, #g[3] }, { 6, 0, 6 })
    test.eq(g.matrix.shape, { 6, 6 })
    test.eq(g.matrix.dtype, "f32")
    test.ok(g.matrix:equal(g[3].matrix))
end)

test("fewer images than features, and components", function()
    local ds = train:take(20)
    local g = keras {}:fit(ds)
    test.eq({ g[3].rank, g[3].dropped }, { 20, 764 })
    test.eq(g.matrix.shape, { 784, 784 })
    g = keras { components = 5 }:fit(ds)
    test.eq({ g[3].rank, g[3].dropped }, { 5, 764 })
end)

test("conventions differ by where epsilon goes", function()
    -- One feature, values 0 and 2: second moment 2 of 2 images, s = 2.
    local ds = luma.dataset.tensor { images = images(2, 1, 1, 1, function(i) return 2 * (i - 1) end) }
    local g = luma.generator { luma.zca { epsilon = 1 } }:fit(ds)
    test.near(g.matrix:get(1, 1), math.sqrt(2) / 3, 1e-7)
    g = luma.generator { luma.zca { epsilon = 1, convention = "eigen" } }:fit(ds)
    test.near(g.matrix:get(1, 1), 1 / math.sqrt(3), 1e-7)
    g = luma.generator { luma.zca { epsilon = 0, center = true } }:fit(ds)
    test.near(g.matrix:get(1, 1), 1, 1e-7)
    test.eq(g.mean:table(), { { { 1.0 } } })
end)

test("colours alone", function()
    local ds = luma.dataset.tensor { images = noise(30, 4, 5, 3) }
    local g = luma.generator { luma.zca { axis = "channel", center = true } }:fit(ds)
    test.eq(g.matrix.shape, { 3, 3 })
    test.eq(g.mean.shape, { 3 })
    test.eq(g:apply(noise(1, 9, 2, 3)).shape, { 1, 9, 2, 3 })
    fails(function() g:apply(noise(1, 9, 2, 1)) end, "zca was fitted on images 4x5x3")
end)

test("a file keeps every bit", function()
    local path = os.tmpname()
    for _, options in ipairs { {}, { components = 7, center = true }, { convention = "eigen", budget = 50 } } do
        local g = keras(options):fit(train:take(60))
        g:save(path)
        local again = luma.load(path)
        test.ok(again.matrix:equal(g.matrix))
        test.eq(tostring(again), tostring(g))
        test.eq(again:explain(), (g:explain():gsub("  %(%S+%)\n", "\n")))
        local x = other:image(1):reshape { 1, 28, 28, 1 }
        test.ok(again:apply(x):equal(g:apply(x)))
    end
    keras {}:save(path)
    fails(function() return luma.load(path).matrix end, "not fitted")
    os.remove(path)
end)

test("fields where there are none", function()
    fails(function() return luma.rescale(2).matrix end, "a rescale stage has none")
    fails(function() return luma.zca {}.rank end, "not fitted")
    fails(function() return luma.zca {}.mean end, "has no mean of its own")
    fails(function() return luma.generator {}.matrix end, "none of its stages is a luma.zca")
end)

test("options are checked", function()
    fails(function() luma.zca { epsilon = -1 } end, "epsilon")
    fails(function() luma.zca { axis = "row" } end, "axis")
    fails(function() luma.zca { components = 0 } end, "components")
    fails(function() luma.zca { epsilom = 1 } end, "did you mean 'epsilon'")
    fails(function() luma.zca { 1e-6 } end, "luma.zca")
    test.eq(luma.zca().kind, "zca")
end)

test("a fit above the budget says what it takes and what helps", function()
    local e = fails(function() keras { budget = 1 }:fit(train) end, "the budget is 1.0 MB")
    test.ok(tostring(e):find("g:fit(ds:take(", 1, true))
    test.eq(e.code, "EMEM")
end)

test("map: gamma of a pixel", function()
    local g = luma.generator { luma.rescale(1 / 255), luma.map(function(x) return x ^ 2.2 end) }
    local y = g:apply(images(1, 16, 16, 1, function(_, place) return place - 1 end)):reshape { 256 }
    for byte = 0, 255 do
        test.near(y[byte + 1], (byte / 255) ^ 2.2, 1e-7)
    end
    test.eq(g[2].kind, "map")
end)

test("map: behind a fit, again behind another, and before one", function()
    local seen = {}
    local g = luma.generator { luma.center "feature", luma.map(function(x)
        seen[#seen + 1] = x
        return x > 0 and 1 or 0
    end), luma.standardize "feature" }
    test.eq(#seen, 0)
    fails(function() g:apply(other:image(1):reshape { 1, 28, 28, 1 }) end, "g:fit")
    g:fit(train)
    test.eq(#seen, 512)
    test.eq(seen[1], -train:stats().mean)
    local x = g:flow(train, { batch = 300 }):next()
    test.near(x:mean(), 0, 1e-5)
    test.near(x:std(), 1, 1e-5)
    g:fit(other)
    test.eq(seen[513], -other:stats().mean)
end)

test("map: of a map, copied into another list, and augmented", function()
    local twice = luma.map(function(x) return 2 * x end)
    local g = luma.generator { twice, twice, luma.rescale(0.5) }
    local x = images(1, 1, 2, 1, function(_, place) return place end)
    test.eq(g:apply(x):reshape { 2 }:table(), { 2.0, 4.0 })
    local h = luma.generator { luma.rescale(10), g[2] }
    test.eq(h:apply(x):reshape { 2 }:table(), { 20.0, 40.0 })
    test.eq(#g:augment { luma.flip "horizontal" }:fit(train), 3)
end)

test("map: files keep the table, not the function", function()
    local path = os.tmpname()
    local g = luma.generator { luma.center "feature", luma.map(math.abs) }:fit(train)
    g:save(path)
    local again = luma.load(path)
    local x = other:image(1):reshape { 1, 28, 28, 1 }
    test.ok(again:apply(x):equal(g:apply(x)))
    fails(function() again:fit(other) end, "its function is not in there")
    fails(function() luma.generator { again[2] } end, "is a map read from a file")
    os.remove(path)
end)

test("map: what cannot be a table of bytes is refused", function()
    local id = function(x) return x end
    fails(function() luma.map(3) end, "wants a function")
    fails(function() luma.generator { luma.center "sample", luma.map(id) } end,
        "a pixel is no function of its byte alone")
    fails(function()
        luma.generator { luma.center { "feature", axis = "pixel" }, luma.map(id) }:fit(train)
    end, "a pixel is no function of its byte alone")
    fails(function() luma.generator { luma.map(function() end) } end, "the function gave nil for 0")
    fails(function() luma.generator { luma.map(function(x) return 1 / x end) } end, "byte 0 becomes inf")
    local n = 0
    fails(function()
        luma.generator { luma.map(function() n = n + 1; return n end) }
    end, "it must depend on its argument alone")
    local g = luma.generator { luma.map(id) }
    fails(function() g:apply(luma.zeros({ 1, 2, 2, 1 }, "f32")) end, "map takes images of bytes (u8)")
end)

test("map: a function that fails leaves the old fit", function()
    local broken = false
    local g = luma.generator { luma.center "feature", luma.map(function(x)
        if broken then
            error "no"
        end
        return x
    end) }:fit(train)
    local before = g.mean
    broken = true
    test.eq(pcall(g.fit, g, other), false)
    test.eq(g.mean, before)
end)

test.done()
