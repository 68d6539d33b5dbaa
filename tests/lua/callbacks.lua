-- What happens between epochs: early stopping, checkpoints, schedules, as options and inside the loop.
local test = require "luma.test"
local nn = luma.nn

local train, small = luma.dataset.digits { train = 200, test = 60, seed = 5 }
local scale = luma.generator { luma.rescale(1 / 255) }

local function network()
    return luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
end

local function flow()
    return scale:flow(train, { batch = 50 })
end

-- Callbacks of a loop of so many epochs whose m.figure is scripted.
local function walk(callback, figures, model)
    local n = 0
    for epoch, m in (model or network()):train { flow(), epochs = #figures, progress = false } do
        m.figure = figures[epoch]
        n = epoch
        if callback(m) then break end
    end
    return n
end

test("early stopping waits `patience` epochs for something better", function()
    local function epochs(options, ...)
        options.monitor = "figure"
        return walk(luma.early_stop(options), { ... })
    end
    test.eq(epochs({ patience = 2 }, 5.0, 4.0, 4.5, 4.0, 1.0), 4, "an equal figure is not better")
    test.eq(epochs({ patience = 2 }, 5.0, 5.5, 4.0, 4.5, 3.0), 5, "waiting begins anew")
    test.eq(epochs({ patience = 1, min_delta = 0.5 }, 5.0, 4.5, 1.0), 2, "exactly min_delta is not enough")
    test.eq(epochs({ patience = 1, min_delta = 0.5 }, 5.0, 4.0, 3.0), 3)
    test.eq(epochs({ patience = 1, mode = "max" }, 1.0, 2.0, 1.5, 3.0), 3)
    test.eq(epochs({ patience = 2 }, 0 / 0, 1.0, 0 / 0, 2.0, 0.5), 4, "NaN is never better")
end)

test("the weights of the best epoch come back", function()
    for _, restore in ipairs { true, false } do
        local model, digests = network(), {}
        local stop = luma.early_stop { monitor = "figure", patience = 2, restore = restore }
        for epoch, m in model:train { flow(), epochs = 9, progress = false } do
            digests[epoch] = model:digest()
            m.figure = ({ 3.0, 1.0, 2.0, 2.0 })[epoch]
            test.eq(stop(m), epoch == 4)
        end
        test.eq(#digests, 4, "the loop ends without a break")
        test.eq(model:digest(), digests[restore and 2 or 4])
        test.eq(stop.best_epoch, 2)
        test.eq(stop.best, 1.0)
    end
    local model, best = network(), nil
    local stop = luma.early_stop { monitor = "figure", patience = 5 }
    for epoch, m in model:train { flow(), epochs = 3, progress = false } do
        best = epoch == 1 and model:digest() or best
        m.figure = epoch + 0.0
        stop(m)
    end
    test.eq(model:digest(), best, "also where the epochs ran out")
end)

test("as options of model:fit, and for one training at a time", function()
    local model = network()
    local stop = luma.early_stop { monitor = "accuracy", min_delta = 1, patience = 2 }
    for _ = 1, 2 do
        test.eq(#model:fit { flow(), epochs = 9, callbacks = { stop }, progress = false }, 3)
        test.eq(stop.best_epoch, 1)
    end
    test.eq(#model:fit { flow(), epochs = 9, callbacks = stop, progress = false }, 3)
    local seen = {}
    local history = model:fit { flow(), epochs = 9, validate = scale:flow(small), progress = false, callbacks = {
        function(m)
            seen[#seen + 1] = m.val_loss
            return m.epoch == 2
        end,
    } }
    test.eq(#history, 2)
    test.eq(seen, history.val_loss)
end)

test("checkpoints hold the best epoch", function()
    local path, model, digests = test.path ".safetensors", network(), {}
    local keep = luma.checkpoint { path, monitor = "figure", generator = scale }
    for epoch, m in model:train { flow(), epochs = 3, progress = false } do
        m.figure = ({ 2.0, 1.0, 3.0 })[epoch]
        test.eq(keep(m), false)
        digests[epoch] = model:digest()
    end
    local best, generator = luma.load(path)
    test.eq(best:digest(), digests[2])
    test.eq(tostring(generator), tostring(scale))
    os.remove(path)
    model:fit { flow(), epochs = 1, progress = false, callbacks = { luma.checkpoint { path, monitor = "loss" } } }
    test.eq(luma.load(path):digest(), model:digest())
    os.remove(path)
    test.fails("luma.checkpoint: there is no folder /no/such to save in; make it first", function()
        model:fit { flow(), callbacks = { luma.checkpoint { "/no/such/model" } }, validate = flow() }
    end)
    test.fails("~^model:save: .*/no/such", function()
        walk(luma.checkpoint { "/no/such/model", monitor = "figure" }, { 1.0 })
    end)
end)

local function rates(epochs, callbacks)
    local model = network()
    return model:fit { flow(), epochs = epochs, optimizer = luma.sgd { rate = 1 / 8 }, callbacks = callbacks,
        progress = false }.rate, model
end

test("schedules", function()
    local s = luma.schedule
    local function near(list, want)
        test.eq(#list, #want)
        for i = 1, #want do
            test.near(list[i], want[i] / 8, 1e-15, "epoch " .. i)
        end
    end
    near(rates(5, { s.step { every = 2, factor = 0.5 } }), { 1, 1, 0.5, 0.5, 0.25 })
    near(rates(4, { s.cosine {} }), { 1, 0.5 + math.sqrt(0.125), 0.5, 0.5 - math.sqrt(0.125) })
    near(rates(4, { s.cosine { epochs = 2, floor = 0.2 } }), { 1, 0.6, 0.2, 0.2 })
    near(rates(4, { s.warmup { epochs = 3 } }), { 0.25, 0.5, 0.75, 1 })
    near(rates(4, { s.warmup { epochs = 1 }, s.step { every = 2, factor = 0.5 } }), { 0.5, 1, 0.5, 0.5 })
    near(rates(4, {}), { 1, 1, 1, 1 })
    near(rates(6, { s.plateau { monitor = "accuracy", min_delta = 1, patience = 2, factor = 0.5, floor = 0.3 } }),
        { 1, 1, 1, 0.5, 0.5, 0.3 })
end)

test("a rate is the one the weights are trained with", function()
    local _, halved = rates(2, { luma.schedule.step { every = 1, factor = 0.5 } })
    local by_hand = network()
    local step = luma.schedule.step { every = 1, factor = 0.5 }
    for _, m in by_hand:train { flow(), epochs = 2, optimizer = luma.sgd { rate = 1 / 8 }, progress = false } do
        step(m)
    end
    test.eq(by_hand:digest(), halved:digest())
    local _, plain = rates(2, {})
    test.ok(plain:digest() ~= halved:digest())
    local _, still = rates(3, { luma.schedule.step { every = 1, factor = 0 } })
    local _, one = rates(1, {})
    test.eq(still:digest(), one:digest(), "a rate of 0 changes nothing")
end)

test("the table of a history shows rates that change", function()
    local model = network()
    local function first_line(callbacks)
        return tostring(model:fit { flow(), epochs = 2, callbacks = callbacks, progress = false }):match "[^\n]*"
    end
    test.ok(not first_line {}:find "rate")
    test.ok(first_line { luma.schedule.cosine {} }:find "rate")
end)

test("mistakes", function()
    local model = network()
    local function fit(callbacks, validate)
        model:fit { flow(), callbacks = callbacks, validate = validate, progress = false }
    end
    local before = model:digest()
    test.fails("luma.early_stop: there is no figure 'val_loss' to monitor; did you mean 'loss'? (figures: accuracy, "
        .. "loss); val_loss and val_accuracy need the option validate", fit, { luma.early_stop {} })
    test.fails("luma.schedule.plateau: there is no figure 'val_acc' to monitor; did you mean 'val_accuracy'? "
        .. "(figures: accuracy, loss, val_accuracy, val_loss)", fit,
        { luma.schedule.plateau { monitor = "val_acc" } }, flow())
    test.fails("model:fit: option 'callbacks', item 2 wants a function or a callback, as luma.early_stop{}, got 3",
        fit, { print, 3 })
    test.fails("model:fit: option 'callbacks' wants a list { luma.early_stop{}, ... }, got one with the key "
        .. '"stop"', fit, { stop = luma.early_stop {} })
    test.eq(model:digest(), before, "nothing was trained")
    test.fails("~^luma.early_stop: there is no figure 'figur' to monitor; did you mean 'figure'%? %(figures: "
        .. "accuracy, figure, loss%)$", walk, luma.early_stop { monitor = "figur" }, { 1.0 })
    test.fails("~^luma.schedule.warmup: it sets the rate of the first epoch", walk, luma.schedule.warmup {}, { 1.0 })
    local late
    for _, m in model:train { flow(), epochs = 2, progress = false } do
        late = m
        break
    end
    test.fails("luma.schedule.step: the training that these metrics come from is over", luma.schedule.step {}, late)
    test.fails("luma.early_stop: wants the metrics that a turn of model:train gives, got 3",
        function() luma.early_stop {}(3) end)
    test.fails("luma.early_stop: option 'patience' wants an integer of at least 1, got 0",
        function() luma.early_stop { patience = 0 } end)
    test.fails("luma.checkpoint: list item 1 wants the path of a file, got 3",
        function() luma.checkpoint { 3 } end)
    test.eq(tostring(luma.early_stop { patience = 2 }),
        "luma.early_stop{ monitor=val_loss, mode=auto, min_delta=0, patience=2, restore=true }")
end)

test.done()
