-- Stages, generators and flows.
local test = require "luma.test"

local train, small = luma.dataset.digits { train = 300, test = 30, seed = 2 }
local S = train:stats()

local function pixels(...)
    return luma.tensor({ ... }, "u8"):reshape { 1, 1, -1, 1 }
end

local function scaled(stages, ...)
    return luma.generator(stages):apply(pixels(...)):reshape({ -1 }):table()
end

-- The nearest float32.
local function f32(x)
    return (string.unpack("f", string.pack("f", x)))
end

test("stages do what they say, in the order written", function()
    test.eq(scaled({}, 0, 7, 255), { 0.0, 7.0, 255.0 })
    test.eq(scaled({ luma.rescale(2) }, 0, 7, 255), { 0.0, 14.0, 510.0 })
    test.eq(scaled({ luma.clip { 5, 10 } }, 0, 7, 255), { 5.0, 7.0, 10.0 })
    test.eq(scaled({ luma.clip { 5, 10 }, luma.rescale(2) }, 0, 7, 255), { 10.0, 14.0, 20.0 })
    test.eq(scaled({ luma.rescale(2), luma.clip { 5, 10 } }, 0, 7, 255), { 5.0, 10.0, 10.0 })
    test.eq(scaled({ luma.center "sample" }, 1, 2, 6), { -2.0, -1.0, 3.0 })
    local y = scaled({ luma.standardize { "sample", epsilon = 0 } }, 1, 3)
    test.eq(y, { -1.0, 1.0 })
    test.eq(scaled({ luma.standardize "sample" }, 4, 4), { 0.0, 0.0 }, "a constant image")
end)

test("rescale 1/255 reaches exactly 0 and 1", function()
    local x = luma.generator({ luma.rescale(1 / 255) }):flow(train, { batch = 300 }):next()
    test.eq({ x:min(), x:max() }, { 0.0, 1.0 })
end)

test("stages describe themselves", function()
    local s = luma.standardize { "feature", axis = "channel", epsilon = 1e-3 }
    test.eq(s.kind, "standardize")
    test.ok(tostring(s):find "standardize feature, axis channel")
    test.fails("stage.mean: this standardize stage is not fitted; call g:fit(dataset), then read "
        .. "g[i].mean", function() return s.mean end)
    test.fails("stage.mean: a rescale stage has no mean of its own",
        function() return luma.rescale(2).mean end)
    test.fails("stage.std: a center stage has no std of its own",
        function() return luma.center "feature".std end)
    test.fails("stage.std: a standardize stage of each sample has no std of its own",
        function() return luma.standardize "sample".std end)
end)

test("stages refuse what makes no sense", function()
    test.fails("luma.rescale: argument 1 (factor) wants a number, got nothing",
        function() luma.rescale() end)
    test.fails('luma.rescale: argument 1 (factor) wants a number, got "1/255"',
        function() luma.rescale "1/255" end)
    test.fails("luma.rescale: argument 1 (factor) wants a number, got nan",
        function() luma.rescale(0 / 0) end)
    test.fails("luma.rescale: factor is 0, wanted a finite number other than 0, such as 1/255",
        function() luma.rescale(0) end)
    test.fails('luma.center: the scope wants "feature" or "sample", got "features"; did you mean '
        .. '"feature"?', function() luma.center "features" end)
    test.fails('luma.center: the scope wants "feature" or "sample", got nil',
        function() luma.center() end)
    test.fails('luma.center: wants "feature" or "sample", got 0 list items',
        function() luma.center { axis = "all" } end)
    test.fails("luma.center: unknown option 'epsilon'; did you mean",
        function()
            local ok, err = pcall(luma.center, { "feature", epsilon = 1 })
            test.ok(not ok and err.message:find "unknown option 'epsilon'")
            error("luma.center: unknown option 'epsilon'; did you mean", 0)
        end)
    test.fails('luma.standardize: option \'axis\' wants "all", "channel" or "pixel", got "row"',
        function() luma.standardize { "feature", axis = "row" } end)
    test.fails("luma.standardize: option 'epsilon' wants a number of at least 0, got -1",
        function() luma.standardize { "feature", epsilon = -1 } end)
    test.fails("~^luma.center: .*pixel", function() luma.center { "sample", axis = "pixel" } end)
    test.fails("luma.clip: wants two numbers { lo, hi }, got 1 list item", function() luma.clip { 1 } end)
    test.fails("luma.clip: argument 1 (bounds) wants two numbers as in luma.clip{ 0, 1 }, got 0",
        function() luma.clip(0, 1) end)
    test.fails("luma.clip: bounds are 2 and 1, wanted the lower one first",
        function() luma.clip { 2, 1 } end)
    test.fails('luma.clip: hi wants a number, got "1"', function() luma.clip { 0, "1" } end)
end)

test("generators refuse what is no stage", function()
    test.fails("luma.generator: item 1 wants a stage, got a function; call it with what it needs: "
        .. 'luma.rescale(1/255), luma.center "feature"', function() luma.generator { luma.rescale } end)
    test.fails("luma.generator: item 2 wants a stage, such as luma.rescale(1/255), got 0.5",
        function() luma.generator { luma.rescale(2), 0.5 } end)
    test.fails("luma.generator: argument 1 (stages) wants a list of stages as in luma.generator{ "
        .. "luma.rescale(1/255) }, got a stage", function() luma.generator(luma.rescale(2)) end)
    test.fails("luma.generator: unknown option 'rescale'; there are no options here",
        function() luma.generator { rescale = 1 / 255 } end)
    test.fails("luma.generator: the list has a gap: item 3 is there, but an earlier one is nil",
        function() luma.generator { luma.rescale(2), nil, luma.rescale(2) } end)
end)

test("fit takes the statistics of what reaches each stage", function()
    local g = luma.generator { luma.center "feature" }
    test.eq(g:fit(train), g)
    test.eq(g.mean, S.mean)
    g = luma.generator { luma.standardize "feature" }:fit(train)
    test.eq({ g.mean, g.std }, { S.mean, S.std })
    g = luma.generator { luma.rescale(1 / 255), luma.center "feature" }:fit(train)
    test.near(g.mean, S.mean / 255, 1e-12)
    g = luma.generator { luma.center "feature", luma.standardize "feature" }:fit(train)
    test.near(g[2].mean, 0, 1e-9)
    test.near(g[2].std, S.std, 1e-6)
    test.fails("generator.mean: 2 of its stages have a mean; read it from one: g[i].mean",
        function() return g.mean end)
    test.eq(g.std, g[2].std)
end)

test("axis channel and pixel", function()
    local color = luma.dataset.digits { train = 60, test = 5, color = true }
    local g = luma.generator { luma.center { "feature", axis = "channel" } }:fit(color)
    local c = color:stats { axis = "channel" }
    test.eq(g.mean:table(), c.mean:table())
    test.eq(#g[1], 3)
    local p = luma.generator { luma.standardize { "feature", axis = "pixel", epsilon = 1 } }:fit(color)
    test.eq(p.mean.shape, { 32, 32, 3 })
    test.ok(p.mean:equal(color:stats({ axis = "pixel" }).mean))
    test.fails("~^generator:flow: ", function() g:flow(train) end)
end)

test("g[i] and #g", function()
    local g = luma.generator { luma.rescale(2), luma.clip { 0, 1 } }
    test.eq(#g, 2)
    test.eq({ g[1].kind, g[2].kind }, { "rescale", "clip" })
    test.fails("generator[i]: i wants an integer from 1 to 2, got 3",
        function() return g[3] end)
    test.fails("generator[i]: this generator has no stages", function() return luma.generator {} [1] end)
    test.fails("generator.mean: none of its stages is fitted with a mean", function() return g.mean end)
    test.eq(tostring(g), "generator of 2 stages: rescale, clip")
    test.ok(g:explain():find "rescale")
end)

test("an unfitted generator says to fit it, and where the stage was written", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local g = luma.generator { luma.center "feature" }
    for _, use in ipairs {
        function() g:flow(train) end,
        function() g:apply(pixels(1)) end,
    } do
        local err = test.fails("~g:fit", use)
        test.eq(err.code, "ESTATE")
        test.ok(err.message:find("flow.lua:" .. line, 1, true), err.message)
    end
    test.fails("generator.mean: not fitted yet; call g:fit(dataset) first", function() return g.mean end)
    test.ok(tostring(g):find "not fitted")
    test.eq(g.fitted_on, nil)
    g:fit(train)
    test.ok(g.fitted_on:find "digits train")
    test.fails("generator:fit: argument 1 wants a dataset, got a tensor", function() g:fit(pixels(1)) end)
end)

test("apply", function()
    local g = luma.generator { luma.rescale(1 / 255) }
    local x = g:apply(luma.zeros({ 3, 4, 5 }, "u8"))
    test.eq(x.shape, { 3, 4, 5, 1 })
    test.eq(x.dtype, "f32")
    local t = luma.tensor { 2, 4 }:reshape { 1, 1, 2, 1 }
    test.eq(luma.generator({ luma.rescale(0.5) }):apply(t):reshape({ 2 }):table(), { 1.0, 2.0 })
    test.eq(t:reshape({ 2 }):table(), { 2.0, 4.0 }, "the input stays as it is")
    test.eq(test.fails("~^generator:apply: ", function() g:apply(luma.zeros { 3 }) end).code, "ESHAPE")
    test.fails("generator:apply: argument 1 wants a tensor, got a dataset", function() g:apply(train) end)
end)

test("an epoch holds every image once; the last batch is short", function()
    local flow = luma.generator {}:flow(train, { batch = 64, seed = 9 })
    test.eq(#flow, 5)
    local n, sizes, sum = 0, {}, luma.stats()
    for x, y in flow:batches() do
        n = n + 1
        sizes[n] = #x
        test.eq(x.shape, { #x, 28, 28, 1 })
        test.eq({ x.dtype, y.dtype, #y }, { "f32", "i32", #x })
        sum:add(x)
    end
    test.eq(sizes, { 64, 64, 64, 64, 44 })
    test.near(sum.mean, S.mean, 1e-9)
    test.eq(sum.count, S.count)
end)

test("drop_last", function()
    local flow = luma.generator {}:flow(train, { batch = 64, drop_last = true })
    test.eq(#flow, 4)
    local n = 0
    for x in flow:batches() do
        n = n + #x
    end
    test.eq(n, 256)
end)

test("without shuffle the order is that of the data set; labels count from 0", function()
    local flow = luma.generator {}:flow(small, { batch = 7, shuffle = false })
    local i = 0
    for x, y in flow:batches() do
        for k = 1, #y do
            i = i + 1
            test.eq(y[k], small:label(i))
            test.eq(x[k]:sum(), small:image(i):sum() + 0.0)
        end
    end
    test.eq(i, 30)
end)

test("one_hot", function()
    local flow = luma.generator {}:flow(small, { batch = 30, shuffle = false, labels = "one_hot" })
    local _, y = flow:next()
    test.eq(y.shape, { 30, 10 })
    test.eq(y.dtype, "f32")
    for i = 1, 30 do
        test.eq(y:get(i, small:label(i) + 1), 1.0)
        test.eq(y[i]:sum(), 1.0)
    end
end)

test("no labels, no y", function()
    local ds = luma.dataset.tensor { images = luma.zeros({ 3, 2, 2 }, "u8") }
    local x, y = luma.generator {}:flow(ds):next()
    test.eq({ #x, y }, { 3 })
    test.eq(test.fails("~^generator:flow: ", function()
        luma.generator {}:flow(ds, { labels = "one_hot" })
    end).exit_code, 1)
end)

-- Digests of the images and labels of two epochs.
local function stream(options)
    local flow <close> = luma.generator({ luma.standardize "sample" }):flow(train, options)
    local list = {}
    for _ = 1, 2 do
        for x, y in flow:batches() do
            list[#list + 1] = x:sha256() .. y:sha256()
        end
    end
    return list
end

test("same seed, same bits, for any workers and threads; other seeds and epochs differ", function()
    local want = stream { batch = 50, seed = 4 }
    test.eq(stream { batch = 50, seed = 4 }, want)
    test.ok(want[1] ~= want[7], "epochs differ in order")
    test.ok(stream({ batch = 50, seed = 5 })[1] ~= want[1])
    for _, workers in ipairs { 1, 2, 5, 16 } do
        test.eq(stream { batch = 50, seed = 4, workers = workers }, want, "workers " .. workers)
    end
    local before = luma.threads
    luma.threads = before == 1 and 2 or 1
    test.eq(stream { batch = 50, seed = 4 }, want)
    luma.threads = before
    luma.seed = 4
    test.eq(stream { batch = 50 }, want, "luma.seed")
    luma.seed = 0
end)

test("next, epoch and reset", function()
    local flow = luma.generator {}:flow(train, { batch = 150 })
    test.eq(flow.epoch, 1)
    local first = flow:next()
    test.eq(flow.epoch, 1)
    flow:next()
    test.eq(flow.epoch, 1, "after the last batch of epoch 1")
    local again = flow:next()
    test.eq(flow.epoch, 2)
    test.ok(not again:equal(first))
    test.eq(flow:reset(), flow)
    test.eq(flow.epoch, 1)
    test.ok(flow:next():equal(first))
    test.ok(not first:equal(again), "kept batches stay as they were")
end)

test("a loop left early is followed by the next epoch", function()
    local flow = luma.generator {}:flow(train, { batch = 100 })
    local plain = luma.generator {}:flow(train, { batch = 100 })
    for _ in flow:batches() do
        break
    end
    for _ in plain:batches() do end
    local n = 0
    for x in flow:batches() do
        n = n + 1
        test.ok(x:equal((plain:next())))
        test.eq(flow.epoch, 2)
    end
    test.eq(n, 3)
end)

test("a flow moved inside its own loop is an error", function()
    local flow = luma.generator {}:flow(train, { batch = 100 })
    test.fails("flow:batches: the flow was moved inside its own loop; use a second flow for that",
        function()
            for _ in flow:batches() do
                flow:next()
            end
        end)
    test.fails("flow:batches: flow is closed", function()
        for _ in flow:batches() do
            flow:close()
        end
    end)
end)

test("workers: loops left early, reset, close, kept batches", function()
    local plain = luma.generator {}:flow(train, { batch = 70 })
    local ahead = luma.generator {}:flow(train, { batch = 70, workers = 3 })
    for turn = 1, 12 do
        local n = 0
        for x in ahead:batches() do
            n = n + 1
            test.ok(x:equal((plain:next())), "turn " .. turn .. " batch " .. n)
            if n == turn % 6 then
                break
            end
        end
        if turn % 4 == 0 then
            ahead:reset()
            plain:reset()
        elseif turn % 6 ~= 0 and turn % 6 ~= 5 then
            for _ in plain:batches() do
                break -- the rest of this epoch is left out
            end
            plain:reset()
            for _ = 1, ahead.epoch * #plain do
                plain:next()
            end
        end
    end
    local first = ahead:reset():next()
    local sum = first:sum()
    ahead:close()
    collectgarbage()
    test.eq(first:sum(), sum)
    test.fails("flow:next: flow is closed", function() ahead:next() end)
end)

test("workers: more batches ahead than an epoch has; sets smaller than a batch", function()
    for _, batch in ipairs { 1, 4, 30, 100 } do
        local options = { batch = batch, seed = 3, labels = "one_hot" }
        local plain = luma.generator {}:flow(small:take(4), options)
        options.workers = 7
        local ahead <close> = luma.generator {}:flow(small:take(4), options)
        for _ = 1, 50 do
            local x, y = plain:next()
            local x2, y2 = ahead:next()
            test.ok(x:equal(x2) and y:equal(y2))
            test.eq(ahead.epoch, plain.epoch)
        end
    end
end)

test("workers: many flows, dropped in the middle of their epochs", function()
    local g = luma.generator { luma.standardize "sample" }
    local want = g:flow(train, { batch = 20 }):next()
    for i = 1, 60 do
        local flow = g:flow(train, { batch = 20, workers = i % 4 })
        test.ok(flow:next():equal(want))
        if i % 3 == 0 then
            flow:close()
        end
    end
    collectgarbage()
end)

test("flow fields", function()
    local g = luma.generator { luma.rescale(2) }
    local flow = g:flow(train)
    test.eq(flow.dataset, train)
    test.eq(flow.generator, g)
    test.ok(tostring(flow):find "5 batches of 64")
end)

test("flow options", function()
    local g = luma.generator {}
    local all = "(options: batch, shuffle, seed, workers, drop_last, labels, weights, sampling, save_to, save_prefix)"
    test.fails("generator:flow: unknown option 'batch_size'; did you mean 'batch'? " .. all,
        function() g:flow(train, { batch_size = 64 }) end)
    test.fails("generator:flow: option 'batch' wants an integer from 1 to 100000000, got 0",
        function() g:flow(train, { batch = 0 }) end)
    test.fails("generator:flow: option 'workers' wants an integer from 0 to 16, got 17",
        function() g:flow(train, { workers = 17 }) end)
    test.fails('generator:flow: option \'labels\' wants "auto", "class", "one_hot", "binary", "targets", "input" or '
        .. '"none", got "onehot"; did you mean "one_hot"?', function() g:flow(train, { labels = "onehot" }) end)
    test.fails("generator:flow: wants a table { batch=, shuffle=, seed=, workers=, drop_last=, labels=, "
        .. "weights=, sampling=, save_to=, save_prefix= }, got 64", function() g:flow(train, 64) end)
    test.fails("generator:flow: argument 1 wants a dataset, got a tensor",
        function() g:flow(pixels(1)) end)
    test.fails("generator:flow: argument 1 wants a dataset, got nothing", function() g:flow() end)
end)

test("save and load keep every bit", function()
    local g = luma.generator { luma.rescale(1 / 3), luma.standardize { "feature", axis = "pixel",
        epsilon = 1e-3 }, luma.clip { -1, 1 } }:fit(train)
    local path = test.path()
    g:save(path)
    local again = luma.load(path)
    os.remove(path)
    test.eq(tostring(again), tostring(g))
    test.eq(again.mean:sha256(), g.mean:sha256())
    test.ok(again:flow(train):next():equal((g:flow(train):next())))
    test.eq(test.fails("~^generator:save: ", function() g:save "/no/such/dir/g" end).exit_code, 4)
end)

test("a set in f32", function()
    local images = luma.generator({ luma.rescale(1 / 255) }):flow(train, { batch = 300, shuffle = false })
        :next()
    local ds = luma.dataset.tensor { images = images }
    test.eq(ds.dtype, "f32")
    local x = luma.generator { luma.rescale(255) }:flow(ds, { batch = 300, shuffle = false }):next()
    test.near(x[7]:sum(), train:image(7):sum(), 1e-2)
    test.eq(f32(1 / 255) * 255 > 0, true)
end)

test.done()
