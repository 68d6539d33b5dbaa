local test = require "luma.test"

local train, other = luma.dataset.digits { train = 300, test = 40, seed = 5 }

test("a histogram is there when it is asked for, whatever came before", function()
    local own, rest = luma.dataset.digits { train = 50, test = 20 }
    local straight = luma.stats():add(own:take(1)):add(own:range(2, 50))
    local s = own:stats()
    test.eq(s:histogram(), straight:histogram())
    test.eq(s:histogram(), own:stats():histogram())
    local both = own:stats():merge(rest:stats())
    local sum = luma.stats():add(own):add(rest)
    test.eq(both:histogram(), sum:histogram())
    test.eq(both.mean, sum.mean)
    test.eq(sum:subtract(rest:stats()):histogram(), s:histogram())
    test.eq(sum.max, s.max)
    local kept = own:stats { axis = "channel" }
    own:close()
    test.eq(kept:histogram(), s:histogram())
end)

test("fields for axis all", function()
    local s = luma.stats():add(luma.tensor({ { 0, 1 }, { 2, 255 } }, "u8"))
    test.eq({ s.count, s.mean, s.min, s.max, s.axis }, { 4, 64.5, 0.0, 255.0, "all" })
    test.eq(s.std, math.sqrt(((64.5 ^ 2 + 63.5 ^ 2 + 62.5 ^ 2) + 190.5 ^ 2) / 4))
    test.eq(#s, 1)
    test.eq(tostring(s), "stats of 1 image, axis all: mean 64.5, std 109.987, min 0, max 255")
end)

test("channel and pixel give tensors", function()
    local t = luma.tensor({ { { { 1, 10 }, { 3, 30 } } }, { { { 5, 50 }, { 7, 70 } } } }, "u8")
    test.eq(t.shape, { 2, 1, 2, 2 })
    local c = luma.stats({ axis = "channel" }):add(t)
    test.eq(c.mean:table(), { 4.0, 40.0 })
    test.eq({ c.mean.dtype, c.count, #c }, { "f64", 4, 2 })
    local p = luma.stats({ axis = "pixel" }):add(t)
    test.eq(p.mean:table(), { { { 3.0, 30.0 }, { 5.0, 50.0 } } })
    test.eq(p.min:table(), { { { 1.0, 10.0 }, { 3.0, 30.0 } } })
    test.eq(p.std:table(), { { { 2.0, 20.0 }, { 2.0, 20.0 } } })
end)

test("any order of adding and merging gives the same bits", function()
    local all = luma.stats():add(train):add(other)
    local parts = other:stats():merge(train:range(101, 300):stats()):merge(train:take(100):stats())
    test.eq(parts.mean, all.mean)
    test.eq(parts.std, all.std)
    test.eq(parts.count, all.count)
    test.eq(train:concat(other):stats().std, all.std)
    local images = luma.zeros({ 40, 28, 28, 1 }, "u8")
    for i = 1, 40 do
        local image = other:image(i)
        for r = 1, 28 do
            for c = 1, 28 do
                images:set(i, r, c, 1, image:get(r, c, 1))
            end
        end
    end
    test.eq(luma.stats():add(images).std, other:stats().std, "tensor and dataset agree")
end)

test("subtract undoes add exactly", function()
    local s = train:stats():merge(other:stats()):subtract(other:stats())
    test.eq({ s.mean, s.std, s.count, s.min, s.max },
        { train:stats().mean, train:stats().std, 300 * 784, 0.0, 255.0 })
    test.eq(test.fails("~^stats:subtract: ", function()
        other:stats():subtract(train:stats())
    end).code, "EARG")
end)

test("histogram", function()
    local h = train:stats():histogram()
    test.eq(#h, 256)
    local n, sum = 0, 0
    for v = 0, 255 do
        n = n + h[v + 1]
        sum = sum + v * h[v + 1]
    end
    test.eq(n, 300 * 784)
    test.eq(sum / n, train:stats().mean)
end)

test("f32 data has no histogram and does not meet u8", function()
    local s = luma.stats():add(luma.tensor { { 0.5, 1.5 } })
    test.eq({ s.mean, s.std }, { 1.0, 0.5 })
    test.fails("stats:histogram: only u8 data has one, this is f32", function() s:histogram() end)
    test.eq(test.fails("~^stats:add: ", function() s:add(train) end).code, "EARG")
end)

test("what cannot be added says so", function()
    local s = luma.stats()
    test.fails("stats:add: argument 1 wants a dataset or a tensor, got nothing", function() s:add() end)
    test.fails("stats:add: argument 1 wants a dataset or a tensor, got 3", function() s:add(3) end)
    test.fails("stats:add: wants images H x W, N x H x W or N x H x W x C, got a u8 tensor 3",
        function() s:add(luma.zeros({ 3 }, "u8")) end)
    test.fails("~^stats:add: ", function() s:add(luma.zeros({ 3, 3 }, "f64")) end)
    test.fails("stats.mean: nothing was added yet; call stats:add(dataset) first",
        function() return s.mean end)
    test.fails("stats:histogram: nothing was added yet", function() s:histogram() end)
    test.eq(s.count, 0)
    s:add(train)
    test.eq(test.fails("~^stats:add: ", function() s:add(luma.zeros({ 3, 3 }, "u8")) end).code, "ESHAPE")
    test.fails('luma.stats: option \'axis\' wants "all", "channel" or "pixel", got "chanel"; did you '
        .. 'mean "channel"?', function() luma.stats { axis = "chanel" } end)
    test.fails('luma.stats: wants a table { axis= }, got "channel"',
        function() luma.stats "channel" end)
    test.fails("stats:merge: argument 1 wants stats, got a dataset", function() s:merge(train) end)
    test.fails("~^stats:merge: ", function() s:merge(luma.stats({ axis = "pixel" }):add(train)) end)
end)

test("statistics do not depend on threads", function()
    local before = luma.threads
    local digests = {}
    for n = 1, 3 do
        luma.threads = n
        local s = train:stats { axis = "pixel" }
        digests[n] = s.mean:sha256() .. s.std:sha256()
    end
    luma.threads = before
    test.eq(digests[2], digests[1])
    test.eq(digests[3], digests[1])
end)

test.done()
