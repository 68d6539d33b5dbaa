-- Models: layers, facts, weights, prediction, files. Small random networks on drawn digits.
local test = require "luma.test"
local nn = luma.nn

local train, small = luma.dataset.digits { train = 200, test = 50, seed = 5 }
local scale = luma.generator { luma.rescale(1 / 255) }

local function network(seed)
    return luma.model {
        input = { 28, 28, 1 },
        seed = seed,
        nn.conv { 4, kernel = 5, stride = 2, act = "relu", name = "eyes" },
        nn.maxpool { 2 },
        nn.flatten {},
        nn.dense { 10, act = "softmax" },
    }
end

test("facts", function()
    local model = network(7)
    test.eq(#model, 4)
    test.eq(model.params, 5 * 5 * 4 + 4 + 6 * 6 * 4 * 10 + 10)
    test.eq(model.input, { 28, 28, 1 })
    test.eq(model.outputs, 10)
    test.eq(model.seed, 7)
    test.eq(model.classes, nil)
    test.eq(tostring(model), "model of 4 layers, 1,554 parameters, 28x28x1 -> 10")
    local summary = model:summary()
    test.ok(summary:find "eyes" and summary:find "1,554", "the summary names layers and counts")
    test.ok(not summary:find "\n$", "print ends the line, not the summary")
end)

test("the walkthrough's network has 121,930 parameters", function()
    test.eq(luma.model {
        input = { 28, 28, 1 },
        nn.conv { 32, kernel = 3, act = "relu" }, nn.maxpool { 2 },
        nn.conv { 64, kernel = 3, act = "relu" }, nn.maxpool { 2 },
        nn.flatten {}, nn.dense { 64, act = "relu" }, nn.dense { 10, act = "softmax" },
    }.params, 121930)
end)

test("layers say what they are", function()
    test.eq(tostring(nn.conv { 32, kernel = { 3, 5 }, act = "relu" }), "conv layer of 32 3x5 relu")
    test.eq(tostring(nn.maxpool { 2 }), "maxpool layer 2x2")
    test.eq(tostring(nn.flatten()), "flatten layer")
    test.eq(tostring(nn.dense { 10, act = "softmax" }), "dense layer of 10 softmax")
end)

test("every kind of layer builds", function()
    local model = luma.model {
        input = { 12, 9, 3 },
        nn.conv { 4, kernel = { 3, 5 }, stride = { 1, 2 }, padding = "same" }, nn.tanh {},
        nn.avgpool { { 2, 1 } }, nn.dropout { 0.25 }, nn.relu(), nn.maxpool { 2, stride = 1 },
        nn.global_avgpool {}, nn.dense { 3, act = "tanh" }, nn.sigmoid {}, nn.dense { 2 }, nn.softmax {},
    }
    test.eq(#model, 11)
    local y = model:predict(luma.zeros({ 5, 12, 9, 3 }, "f32"))
    test.eq(y.shape, { 5, 2 })
    for i = 1, 5 do
        test.near(y:get(i, 1) + y:get(i, 2), 1, 1e-6)
    end
end)

test("one layer may stand in two models", function()
    local last = nn.dense { 10 }
    local a = luma.model { input = { 4, 4, 1 }, nn.flatten {}, last }
    local b = luma.model { input = { 8, 8, 1 }, nn.flatten {}, last }
    test.eq(a.params, 170)
    test.eq(b.params, 650)
end)

test("weights start from the seed alone", function()
    test.eq(network(3):digest(), network(3):digest())
    test.ok(network(3):digest() ~= network(4):digest(), "another seed, other weights")
    luma.seed = 3
    local by_default = luma.model { input = { 4, 4, 1 }, nn.flatten {}, nn.dense { 3 } }
    luma.seed = 0
    test.eq(by_default.seed, 3)
end)

test("weights have names and come back", function()
    local model, other = network(1), network(2)
    local weights = model:weights()
    test.eq(table.concat(weights, " "), "eyes/kernel eyes/bias dense1/kernel dense1/bias")
    test.eq(weights["eyes/kernel"].shape, { 5, 5, 1, 4 })
    test.eq(weights["dense1/kernel"].shape, { 144, 10 })
    test.eq(weights["eyes/bias"]:max(), 0)
    test.ok(other:set_weights(weights) == other, "set_weights chains")
    test.eq(other:digest(), model:digest())
    weights["eyes/bias"]:set(1, 5)
    test.eq(other:digest(), model:digest(), "weights() gives copies")
end)

test("set_weights sets all or nothing", function()
    local model = network(1)
    local before = model:digest()
    local kernel = luma.zeros({ 5, 5, 1, 4 }, "f32")
    test.fails("model:set_weights: weight 'dense1/bias' is 10, got a tensor of 9", function()
        model:set_weights { ["eyes/kernel"] = kernel, ["dense1/bias"] = luma.zeros({ 9 }, "f32") }
    end)
    test.eq(model:digest(), before)
    test.fails("model:set_weights: eyes/kernel wants a tensor, got 1", function()
        model:set_weights { ["eyes/kernel"] = 1 }
    end)
    model:set_weights { ["eyes/kernel"] = kernel:to "f64" }
    test.eq(model:weights()["eyes/kernel"]:max(), 0)
end)

test("glorot_uniform keeps its bounds", function()
    local kernel = luma.model { input = { 10, 10, 1 }, nn.flatten {}, nn.dense { 200 } }:weights()["dense1/kernel"]
    local limit = math.sqrt(6 / 300)
    test.ok(kernel:max() <= limit and kernel:min() >= -limit, "inside")
    test.ok(kernel:max() > 0.99 * limit and kernel:min() < -0.99 * limit, "but reaching out")
    test.near(kernel:mean(), 0, 4 * limit / math.sqrt(3 * 20000))
end)

test("predict gives rows in the order of the data set", function()
    local model = network(1)
    local plain = model:predict(scale:flow(small, { batch = 7, shuffle = false }))
    local shuffled = model:predict(scale:flow(small, { batch = 16, shuffle = true, seed = 9 }))
    test.eq(plain.shape, { 50, 10 })
    test.eq(plain.dtype, "f32")
    test.ok(plain:equal(shuffled), "neither shuffling nor batch size changes a bit")
    local x = scale:flow(small, { batch = 50, shuffle = false }):next()
    test.ok(plain:equal(model:predict(x)), "a tensor of scaled images gives the same")
    for i = 1, 50 do
        test.near(plain[i]:sum(), 1, 1e-6)
    end
end)

test("evaluate agrees with what predict says", function()
    local model = network(1)
    local flow = scale:flow(small, { batch = 16 })
    local result = model:evaluate(flow)
    local rows = model:predict(flow)
    local correct, loss = 0, 0
    for i = 1, #small do
        local best = 1
        for k = 2, 10 do
            best = rows:get(i, k) > rows:get(i, best) and k or best
        end
        correct = correct + (best - 1 == small:label(i) and 1 or 0)
        loss = loss - math.log(rows:get(i, small:label(i) + 1))
    end
    test.eq(result.correct, correct)
    test.eq(result.count, 50)
    test.eq(result.accuracy, correct / 50)
    test.near(result.loss, loss / 50, 1e-5)
    test.eq(result.confusion:sum(), 50)
    local diagonal = 0
    for k = 1, 10 do
        diagonal = diagonal + result.confusion:get(k, k)
    end
    test.eq(diagonal, correct)
    test.eq(tostring(result), ("loss %.4f, accuracy %.2f %% (%d of 50)"):format(result.loss,
        100 * result.accuracy, correct))
end)

test("a saved model predicts the same bits", function()
    local path = test.path ".safetensors"
    local model = network(1)
    local g = luma.generator { luma.rescale(1 / 255), luma.standardize "feature" }:fit(train)
    model:fit { g:flow(train), epochs = 1, progress = false }
    test.ok(model:save(path, { generator = g }) == model, "save chains")
    local again, stages = luma.load(path)
    os.remove(path)
    test.eq(again:digest(), model:digest())
    test.eq(again.params, model.params)
    test.eq(again.classes, train.classes)
    test.ok(model:predict(g:flow(small)):equal(again:predict(stages:flow(small))), "same bits")
end)

test("a model alone, a generator alone", function()
    local path = test.path ".safetensors"
    network(1):save(path)
    local model, generator = luma.load(path)
    test.eq(model.params, 1554)
    test.eq(generator, nil)
    luma.generator { luma.rescale(0.5) }:save(path)
    local g = luma.load(path)
    os.remove(path)
    test.eq(g:apply(luma.tensor({ { { 4, 2 } } }, "u8")):max(), 2)
end)

test("a save that fails leaves the old file", function()
    local path = test.path ".safetensors"
    network(1):save(path)
    test.fails("~^model:save: cannot write ",
        function() network(2):save(path .. "/below") end)
    test.eq(luma.load(path):digest(), network(1):digest())
    os.remove(path)
end)

test("a closed model says so", function()
    local model = network(1)
    do
        local same <close> = model
        test.eq(#same, 4)
    end
    test.eq(tostring(model), "closed model")
    test.fails("model:digest: model is closed", function() model:digest() end)
    model:close()
end)

test.done()
