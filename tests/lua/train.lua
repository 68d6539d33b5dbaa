-- Training from scripts: the three loops give the same bits, leave cleanly and report honestly.
local test = require "luma.test"
local nn = luma.nn

local train, small = luma.dataset.digits { train = 300, test = 60, seed = 5 }
local scale = luma.generator { luma.rescale(1 / 255) }

local function network()
    return luma.model {
        input = { 28, 28, 1 },
        nn.conv { 4, kernel = 5, stride = 2, act = "relu" }, nn.flatten {}, nn.dense { 10, act = "softmax" },
    }
end

local function flow(options)
    return scale:flow(train, options or { batch = 64 })
end

test("an autoencoder learns to give its pixels back", function()
    local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 32, act = "relu" },
        nn.dense { 784, act = "sigmoid" } }
    local own = scale:flow(train, { labels = "input" })
    local history = model:fit { own, epochs = 5, loss = "mse", validate = scale:flow(small, { labels = "input" }),
        optimizer = luma.adam { rate = 1e-2 }, progress = false }
    test.ok(history.loss[5] < 0.7 * history.loss[1])
    test.eq(history.accuracy, nil)
    local result = model:evaluate(scale:flow(small, { labels = "input" }), { loss = "mse" })
    test.eq(result.loss, history.val_loss[5])
    test.eq(result.confusion, nil)
    test.ok(tostring(result):find "^loss [%d.]+$")
    local x = scale:flow(small, { batch = 60, shuffle = false }):next():reshape { 60, 784 }
    local d = model:predict(scale:flow(small)) - x
    test.ok(math.abs((d * d):mean() - result.loss) < 1e-6)
    test.fails('model:evaluate: loss "cross_entropy" tells classes apart, but the flow gives rows of targets; use '
        .. 'loss="mse" for values, or loss="binary_cross_entropy" and a sigmoid for several labels an image',
        function() model:evaluate(own) end)
    test.fails('model:evaluate: the flow was made with labels="none": there is nothing to learn or check against',
        function() model:evaluate(scale:flow(small, { labels = "none" })) end)
end)

test("balanced weights", function()
    local labels, images = {}, luma.zeros({ 40, 28, 28, 1 }, "u8")
    for i = 1, 40 do labels[i] = i % 2 end
    local even = luma.dataset.tensor { images = images, labels = luma.tensor(labels, "u8") }
    local function digest(set, weights)
        local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 2, act = "softmax" } }
        model:fit { scale:flow(set, { weights = weights }), epochs = 2, progress = false }
        return model:digest(), model
    end
    test.eq(digest(even, "balanced"), digest(even, "none"))
    for i = 1, 40 do labels[i] = i % 8 == 0 and 1 or 0 end
    local uneven = luma.dataset.tensor { images = images, labels = luma.tensor(labels, "u8") }
    local balanced, model = digest(uneven, "balanced")
    test.ok(balanced ~= digest(uneven, "none"))
    -- Black images have one answer: right for one class, so half of what balanced weights count.
    local result = model:evaluate(scale:flow(uneven, { weights = "balanced" }))
    test.ok(math.abs(result.accuracy - 0.5) < 1e-6)
    test.ok(result.correct == 5 or result.correct == 35)
end)

test("fit, train and steps train alike", function()
    local a, b, c = network(), network(), network()
    local history = a:fit { flow(), epochs = 2, progress = false }
    local n, last = 0, nil
    for epoch, m in b:train { flow(), epochs = 2, progress = false } do
        n = n + 1
        test.eq(epoch, n)
        test.eq(m.epoch, n)
        last = m
    end
    test.eq(n, 2)
    local steps, ends, correct = 0, {}, 0
    for step, m in c:steps { flow(), epochs = 2 } do
        steps = steps + 1
        test.eq(step, steps)
        test.eq(m.count, step % 5 == 0 and 300 - 4 * 64 or 64)
        test.eq(m.epoch, step <= 5 and 1 or 2)
        correct = correct + (m.epoch == 2 and m.correct or 0)
        ends[#ends + 1] = m.is_epoch_end and step or nil
    end
    test.eq(steps, 10)
    test.eq(ends, { 5, 10 })
    test.eq(b:digest(), a:digest())
    test.eq(c:digest(), a:digest())
    test.eq(last.loss, history.loss[2])
    test.eq(correct, last.correct)
end)

test("the bits depend on neither threads nor workers", function()
    local digests, threads = {}, luma.threads
    for _, setting in ipairs { { 1, 0 }, { 2, 0 }, { 3, 2 }, { 7, 1 } } do
        luma.threads = setting[1]
        local model = network()
        model:fit { flow { batch = 50, workers = setting[2] }, epochs = 1, progress = false }
        digests[#digests + 1] = model:digest()
    end
    luma.threads = threads
    for i = 2, #digests do
        test.eq(digests[i], digests[1], "setting " .. i)
    end
end)

test("history", function()
    local model = network()
    local history = model:fit { flow(), epochs = 3, validate = scale:flow(small), progress = false }
    test.eq(history.epochs, 3)
    test.eq(#history, 3)
    for _, name in ipairs { "loss", "accuracy", "val_loss", "val_accuracy", "seconds" } do
        test.eq(#history[name], 3, name)
    end
    test.ok(history.loss[3] < history.loss[1], "it learns")
    local result = model:evaluate(scale:flow(small))
    test.eq(history.val_loss[3], result.loss)
    test.eq(history.val_accuracy[3], result.accuracy)
    local lines = {}
    for line in tostring(history):gmatch "[^\n]+" do
        lines[#lines + 1] = line
    end
    test.eq(#lines, 4)
    test.eq(lines[1], "epoch      loss  accuracy  val_loss  val_accuracy   seconds")
    for i = 2, 4 do
        test.eq(#lines[i], #lines[1], "columns line up")
    end
    test.eq(model:fit { flow(), progress = false }.val_loss, nil)
end)

local function read(path)
    local file <close> = assert(io.open(path, "rb"))
    return file:read "a"
end

test("a history is saved as a table and as JSON lines, to the last digit", function()
    local history = network():fit { flow(), epochs = 3, validate = scale:flow(small), progress = false }
    local csv, jsonl = test.path ".csv", test.path ".jsonl"
    test.ok(history:save(csv) == history)
    local n = 0
    for line in read(csv):gmatch "([^\n]*)\n" do
        if n == 0 then
            test.eq(line, "epoch,loss,accuracy,val_loss,val_accuracy,rate,seconds")
        else
            local got = {}
            for number in line:gmatch "[^,]+" do
                got[#got + 1] = tonumber(number)
            end
            test.eq(got, { n, history.loss[n], history.accuracy[n], history.val_loss[n], history.val_accuracy[n],
                0.001, history.seconds[n] })
        end
        n = n + 1
    end
    test.eq(n, 4)
    history.loss, history.accuracy = { 0.1, 0 / 0, -1 / 0 }, { 1, 1e-300, 1 / 0 }
    history.val_loss, history.val_accuracy, history.seconds = nil, { 0.5 }, nil
    history:save(jsonl)
    test.eq(read(jsonl), '{"epoch":1,"loss":0.1,"accuracy":1,"val_accuracy":0.5,"rate":0.001}\n'
        .. '{"epoch":2,"loss":null,"accuracy":1e-300,"val_accuracy":null,"rate":0.001}\n'
        .. '{"epoch":3,"loss":null,"accuracy":null,"val_accuracy":null,"rate":0.001}\n')
    history:save(csv)
    test.eq(read(csv), "epoch,loss,accuracy,val_accuracy,rate\n1,0.1,1,0.5,0.001\n2,nan,1e-300,,0.001\n"
        .. "3,-inf,inf,,0.001\n")
    os.remove(csv)
    os.remove(jsonl)
    test.fails('history:save: argument 1 (path) wants a name that ends in .csv, .jsonl or .svg, got "a.txt"',
        history.save, history, "a.txt")
    test.fails("~^history:save: .*/no/such/a.csv", history.save, history, "/no/such/a.csv")
end)

test("leaving the loop early leaves a model that works", function()
    local model = network()
    for _ in model:train { flow(), epochs = 50, progress = false } do
        break
    end
    local reference = network()
    reference:fit { flow(), epochs = 1, progress = false }
    test.eq(model:digest(), reference:digest())
    test.fails("~stop here$", function()
        for step in model:steps { flow(), epochs = 50 } do
            if step == 2 then
                error "stop here"
            end
        end
    end)
    test.eq(model:evaluate(scale:flow(small)).count, 60)
end)

test("steps may be limited", function()
    local n = 0
    for step in network():steps { flow(), steps = 3, epochs = 9 } do
        n = step
    end
    test.eq(n, 3)
end)

test("two trainings of one model, one inside the other", function()
    local model = network()
    local n = 0
    for _ in model:train { flow(), epochs = 2, progress = false } do
        for _ in model:steps { flow(), steps = 2 } do
            n = n + 1
        end
    end
    test.eq(n, 4)
end)

test("the flow may be walked while training", function()
    local plain, walked = network(), network()
    plain:fit { flow(), epochs = 2, progress = false }
    local f = flow()
    for _ in walked:train { f, epochs = 2, progress = false } do
        f:next()
        for _ in f:batches() do
        end
    end
    test.eq(walked:digest(), plain:digest())
end)

test("optimizers differ and describe themselves", function()
    local digests = {}
    for _, optimizer in ipairs { luma.sgd {}, luma.sgd { momentum = 0.9 },
        luma.sgd { momentum = 0.9, nesterov = true }, luma.adam {}, luma.adamw {}, luma.rmsprop {},
        luma.rmsprop { momentum = 0.5 } } do
        local model = network()
        local history = model:fit { flow(), epochs = 2, optimizer = optimizer, progress = false }
        test.ok(history.loss[2] < history.loss[1], tostring(optimizer) .. " learns")
        test.eq(digests[model:digest()], nil)
        digests[model:digest()] = true
    end
    test.eq(tostring(luma.sgd { rate = 0.1, momentum = 0.9, nesterov = true }),
        "sgd, rate 0.1, momentum 0.9 (nesterov)")
    test.eq(tostring(luma.adam {}), "adam, rate 0.001")
end)

test("losses", function()
    for _, loss in ipairs { "cross_entropy", "mse", "binary_cross_entropy" } do
        local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10,
            act = loss == "cross_entropy" and "softmax" or "sigmoid" } }
        local history = model:fit { flow(), epochs = 3, loss = loss, progress = false }
        test.ok(history.loss[3] < history.loss[1], loss .. " gets smaller")
        local result = model:evaluate(scale:flow(small), { loss = loss })
        test.ok(result.loss > 0 and result.loss < 3, loss .. " is measured")
    end
end)

test("dropout trains, and is off elsewhere", function()
    local model = luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dropout { 0.5 },
        nn.dense { 10, act = "softmax" } }
    local f = scale:flow(small)
    test.ok(model:predict(f):equal(model:predict(f)), "predicting is repeatable")
    model:fit { flow(), epochs = 1, progress = false }
    test.ok(model:predict(f):equal(model:predict(f)), "after training too")
end)

test("a loss that is no number stops the training at once", function()
    local model = network()
    local seen = 0
    test.fails("~^model:train: the loss is not finite %(n?a?n?i?n?f?%) at epoch 1, step %d", function()
        for _ in model:train { flow(), epochs = 3, optimizer = luma.sgd { rate = 1e30 }, progress = false } do
            seen = seen + 1
        end
    end)
    test.eq(seen, 0)
end)

test("wrong options are refused before anything is trained", function()
    local model = network()
    local before = model:digest()
    local color = luma.dataset.digits { train = 10, test = 10, color = true }
    test.fails("model:fit: option 'validate': the model takes images of 28x28x1, but color digits train "
        .. "has 32x32x3", function()
        model:fit { flow(), validate = luma.generator {}:flow(color), progress = false }
    end)
    test.fails("model:steps: unknown option 'validate'; the options are epochs, optimizer, loss, steps",
        function() model:steps { flow(), validate = flow() } end)
    test.eq(model:digest(), before)
end)

test("a training takes the class names along", function()
    local model = network()
    model:fit { flow(), progress = false }
    test.eq(model.classes, train.classes)
end)

test.done()
