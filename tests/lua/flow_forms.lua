-- Flows: forms of y, balanced weights and sampling, batches by number, pictures of what is given.
local test = require "luma.test"

local _, small = luma.dataset.digits { train = 300, test = 30, seed = 2 }

test("forms of y", function()
    local two = luma.dataset.tensor{ images = luma.zeros({4, 2, 2}, "u8"), labels = luma.tensor({0, 1, 1, 0}, "u8") }
    local g = luma.generator{ luma.rescale(2) }
    local function y_of(set, labels)
        local _, y, w = g:flow(set, { shuffle = false, labels = labels }):next()
        test.eq(w, nil)
        return y
    end
    test.eq(y_of(two, "binary").dtype, "f32")
    test.ok(y_of(two, "binary"):equal(luma.tensor({0, 1, 1, 0}, "f32")))
    test.ok(y_of(two, "auto"):equal(y_of(two, "class")))
    test.eq(y_of(two, "none"), nil)
    local x, y = g:flow(small, { labels = "input" }):next()
    test.ok(x:equal(y))
    y:set(1, 1, 1, 1, 99)
    test.ok(not x:equal(y), "y is a copy")
    test.fails('generator:flow: labels "binary" want a set of two classes, but digits test has 10; use labels="class"',
        function() g:flow(small, { labels = "binary" }) end)
    test.fails('generator:flow: labels "targets" were asked for, but digits test has no targets',
        function() g:flow(small, { labels = "targets" }) end)
end)

test("balanced weights and sampling", function()
    local labels = {}
    for i = 1, 90 do labels[i] = i <= 80 and 0 or i <= 88 and 1 or 3 end
    local set = luma.dataset.tensor{ images = luma.zeros({90, 2, 2}, "u8"), labels = luma.tensor(labels, "u8") }
    local g = luma.generator{}
    local _, y, w = g:flow(set, { batch = 90, weights = "balanced" }):next()
    local sums = { [0] = 0, [1] = 0, [3] = 0 }
    for i = 1, 90 do sums[y[i]] = sums[y[i]] + w[i] end
    for _, sum in pairs(sums) do
        test.ok(math.abs(sum - 30) < 1e-4, "every present class weighs a third of 90")
    end
    local flow = g:flow(set, { batch = 90, sampling = "balanced" })
    local _, first = flow:next()
    local counts = { [0] = 0, [1] = 0, [3] = 0 }
    for i = 1, 90 do counts[first[i]] = counts[first[i]] + 1 end
    for _, n in pairs(counts) do test.eq(n, 30) end
    local with_workers = g:flow(set, { batch = 90, sampling = "balanced", workers = 3 })
    test.ok(select(2, with_workers:next()):equal(first))
    test.fails("generator:flow: sampling \"balanced\" draws images, so it goes with shuffle=true alone",
        function() g:flow(set, { sampling = "balanced", shuffle = false }) end)
end)

test("an image that comes again in a balanced epoch is changed anew", function()
    local labels = luma.tensor({0, 0, 0, 0, 0, 0, 0, 1}, "u8")
    local set = luma.dataset.tensor{ images = luma.zeros({8, 9, 9}, "u8"), labels = labels }
    local g = luma.generator{ luma.rescale(1/255) }:augment{ luma.flip "vertical", luma.noise(5) }
    local options = { batch = 8, sampling = "balanced", seed = 3 }
    local x, y = g:flow(set, options):next()
    local turn = 0
    for i = 1, 8 do
        if y[i] == 1 then
            turn = turn + 1
            local _, _, scaled = g:replay(set, 8, 1, { seed = 3, turn = turn })
            test.ok(x[i]:equal(scaled), "turn " .. turn)
        end
    end
    test.eq(turn, 4)
    local _, _, once = g:replay(set, 8, 1, { seed = 3 })
    local _, _, twice = g:replay(set, 8, 1, { seed = 3, turn = 2 })
    test.ok(not once:equal(twice))
    options.workers = 2
    test.ok(g:flow(set, options):next():equal(x))
    local dir = test.path "saved"
    options.save_to, options.workers = dir, 0
    g:flow(set, options):next()
    for _, ending in ipairs{ "", "_turn2", "_turn3", "_turn4" } do
        test.ok(os.remove(dir .. "/image_00008_epoch001" .. ending .. ".png"), "no picture " .. ending)
    end
    os.execute("rm -r " .. dir)
    test.fails("generator:replay: option 'turn' wants an integer from 1 to 2147483647, got 0",
        function() g:replay(set, 8, 1, { turn = 0 }) end)
end)

test("batches by number", function()
    local g = luma.generator{ luma.rescale(1/255) }
    local options = { batch = 25, seed = 4 }
    local flow, same = g:flow(small, options), g:flow(small, options)
    local in_turn = {}
    for k = 1, #same do in_turn[k] = same:next() end
    test.ok(flow:get(#flow):equal(in_turn[#flow]))
    test.ok(flow:next():equal(in_turn[1]), "getting moves nothing")
    test.ok(flow:get(2):equal(in_turn[2]))
    flow:on_epoch_end()
    local got, went = flow:get(1), flow:next()
    test.ok(got:equal(went))
    test.ok(not flow:get(1):equal(in_turn[1]))
    local wants = ("flow:get: argument 1 (number of the batch) wants an integer from 1 to %d, got "):format(#flow)
    test.fails(wants .. #flow + 1, function() flow:get(#flow + 1) end)
    test.fails(wants .. 0, function() flow:get(0) end)
end)

test("save_to writes one picture a sample, named by sample and epoch", function()
    local dir = os.tmpname()
    os.remove(dir)
    local g = luma.generator{ luma.rescale(1/255) }
    local flow = g:flow(small:take(3), { batch = 2, save_to = dir, save_prefix = "x", workers = 2 })
    for _ in flow:batches() do end
    for i = 1, 3 do
        local file <close> = io.open(("%s/x_%05d_epoch001.png"):format(dir, i), "rb")
        test.eq(file:read(4), "\137PNG")
    end
    test.fails("generator:flow: save_to: cannot make the directory '" .. dir .. "/a/b': No such file or directory",
        function() g:flow(small, { save_to = dir .. "/a/b" }) end)
    flow:close()
    os.execute("rm -r '" .. dir .. "'")
end)

test.done()
