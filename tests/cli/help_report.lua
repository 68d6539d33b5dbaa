-- Writes reports of made-up runs, one a kind of batch: luma run help_report.lua folder=DIR
--
-- full: everything a record may hold; single: one run that passed; nasty: text that tries to get out;
-- many: 200 runs; long: 1,000 epochs; classes: 100 of them; broken: records with members missing or of
-- other kinds; empty: no run. Prints name, bytes and seconds of each.

local html = require "luma.html"
local internal = require "luma.internal"
local json = require "luma.json"
local args = luma.args { folder = "build/report" }

local function write(path, text)
    local file <close> = assert(io.open(path, "wb"))
    assert(file:write(text))
end

local function folder(name)
    local path = args.folder .. "/runs/" .. name
    internal.make_folder("help_report", path)
    return path
end

-- --- pieces ---

local fashion = { "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot" }

local function history(n, rate)
    local h = { title = "model:fit 1", columns = { "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "rate",
        "seconds" }, rows = {}, file = "history-1.csv" }
    for i = 1, n do
        local wave = 0.02 * math.sin(i * 1.7)
        h.rows[i] = { i, 0.35 / i ^ 0.7 + 0.02, 1 - 0.1 / i ^ 0.8, 0.3 / i ^ 0.5 + 0.05 + wave,
            1 - 0.09 / i ^ 0.5 - wave / 9,
            rate or 0.001, 3.1 }
    end
    return h
end

local function confusion(n, per_class)
    local rows = {}
    for i = 1, n do
        rows[i] = {}
        local left = per_class
        for j = 1, n do
            local d = math.abs(i - j)
            rows[i][j] = d > 0 and (i * 7 + j * 3) % 5 == 0 and per_class // (20 * d) or 0
            left = left - rows[i][j]
        end
        rows[i][i] = rows[i][i] + left
    end
    return rows
end

local digits = luma.dataset.digits { train = 200, test = 60 }

-- n images side by side, `columns` a row.
local function sheet(path, n, columns, turned)
    local rows = math.ceil(n / columns)
    local page = luma.zeros({ rows * 30 - 2, columns * 30 - 2, 1 }, "u8")
    for i = 1, n do
        local image = digits:image(i)
        local top, left = (i - 1) // columns * 30, (i - 1) % columns * 30
        for y = 1, 28 do
            for x = 1, 28 do
                local value = image:get(y, x, 1)
                page:set(top + y, left + x, 1, turned and 255 - value or value)
            end
        end
    end
    page:save(path)
end

local function evaluation(classes)
    local n = #classes
    local rows, correct = confusion(n, 1000), 0
    for i = 1, n do
        correct = correct + rows[i][i]
    end
    local wrong = {}
    for i = 1, 23 do
        wrong[i] = { index = i * 17, label = i % n, predicted = (i * 3 + 1) % n }
    end
    return { title = "model:evaluate 1", dataset = "test", count = n * 1000, judged = n * 1000, correct = correct,
        loss = 0.0812, accuracy = correct / (n * 1000), classes = classes, confusion = rows, wrong = wrong,
        sheet = "wrong-1.png", sheet_columns = 8 }
end

local function pixels()
    local before, after = { edges = { 0 }, counts = {} }, { edges = { -0.5 }, counts = {} }
    for i = 1, 256 do
        before.edges[i + 1] = i
        before.counts[i] = i == 1 and 38000000 or i > 250 and 900000 or 30000 + (i * 7919) % 9000
    end
    for i = 1, 64 do
        after.edges[i + 1] = -0.5 + i * 3.4 / 64
        after.counts[i] = 60000 - 900 * math.abs(i - 30)
    end
    local labels = {}
    for i = 1, 16 do
        labels[i] = digits:label(i)
    end
    return { dataset = "train", images = 60000, before = before, after = after, sheet = "scaled-1.png",
        sheet_columns = 8, labels = labels }
end

local source = [=[
-- Scale, train, judge: <b>not bold</b> & "quoted" </script>
local args = luma.args{ epochs = 5, rate = 1e-3, seed = 0, data = 'mnist' }
local train, test = luma.dataset.open(args.data)
local scaling = luma.generator{ luma.rescale(1/255) }:fit(train)
--[[ A comment
over lines ]]
local model = luma.model{ input = train.shape, seed = args.seed,
    luma.nn.conv{ 32, kernel = 3, act = "relu" }, luma.nn.maxpool{ 2 },
    luma.nn.flatten{}, luma.nn.dense{ 10, act = "softmax" } }
local history = model:fit{ scaling:flow(train), epochs = args.epochs, validate = scaling:flow(test) }
local result = model:evaluate(scaling:flow(test))

local text = [[long string
of lines]]
luma.expect("accuracy", result.accuracy, ">=", 0.987)
luma.expect(result.loss < 0.1, "the loss is below 0.1")
]=]

local environment = { luma = "0.5.0", lua = "Lua 5.4.4", isa = "avx2", threads = 2, processors = 2,
    processor = "AMD EPYC 7B13", system = "Linux 6.1 x86_64", memory_bytes = 8237031424 }

-- A run with everything; `name` is its folder.
local function run(name, given, change)
    local r = { schema = "luma.run/1", id = "20260131-120000-" .. name, folder = folder(name),
        file = "pipelines/01_normalize.lua",
        given = {}, arguments = { epochs = 5, rate = 1e-3, seed = 0, data = "mnist" }, started = "2026-01-31T12:00:00Z",
        status = "passed", exit_code = 0, seconds = 17.42, cpu_seconds = 33.9, peak_memory_bytes = 187654321,
        figures = { { name = "accuracy", value = 0.9891, where = "pipelines/01_normalize.lua:14" },
            { name = "parameters", value = 121930, where = "pipelines/01_normalize.lua:9" } },
        expectations = { { name = "accuracy", text = "accuracy 0.9891 >= 0.987", passed = true, value = 0.9891,
            operator = ">=", bound = 0.987, where = "pipelines/01_normalize.lua:14" },
            { text = "the loss is below 0.1", passed = true, where = "pipelines/01_normalize.lua:15" } },
        histories = { history(5) }, evaluations = { evaluation(fashion) }, pixels = { pixels() },
        datasets = { { name = "mnist train", count = 60000, shape = { 28, 28, 1 }, classes = 10, digest_of = "contents",
            sha256 = ("0123456789abcdef"):rep(4) } },
        warnings = json.array {}, environment = environment }
    local words = { r.file }
    for key, value in pairs(given or {}) do
        r.given[key], r.arguments[key] = tostring(value), value
        words[#words + 1] = key .. "=" .. tostring(value)
    end
    r.name = table.concat(words, " ")
    write(r.folder .. "/script.lua", source)
    write(r.folder .. "/output.txt", "\27[1mdata\27[0m ready\nstep 1\rstep 2\rstep 900\n"
        .. "ok      accuracy 0.9891 >= 0.987\n")
    sheet(r.folder .. "/scaled-1.png", 16, 8)
    sheet(r.folder .. "/wrong-1.png", 23, 8, true)
    if change then
        change(r)
    end
    return r
end

local function fail_accuracy(r)
    r.status, r.exit_code = "failed", 3
    r.expectations[1].passed, r.expectations[1].value = false, 0.9812
    r.expectations[1].text = "accuracy 0.9812 >= 0.987"
    r.figures[1].value = 0.9812
    r.warnings = { "the flow that trains is not shuffled: shuffle=true mixes the classes of a batch",
        "after epoch 1 the accuracy is 11.35 %, the share of the largest class ('1')" }
end

local function crash(r)
    r.status, r.exit_code, r.signal, r.message = "crashed", nil, "SIGSEGV", "ended by SIGSEGV after 2.1 s"
    r.expectations, r.evaluations, r.figures = {}, {}, {}
    r.histories = { history(2) }
end

local function batch(runs, more)
    local b = { schema = "luma.batch/1", started = "2026-01-31T12:00:00Z", seconds = 41.7, jobs = 2, runs = runs,
        command = { "luma", "batch", "pipelines/01_normalize.lua", "rate=0.1,0.01,0.001", "--html", "report.html" },
        environment = environment }
    for key, value in pairs(more or {}) do
        b[key] = value
    end
    return b
end

-- --- batches ---

local batches = {}

function batches.full()
    local runs = { run("a", { rate = 0.001, seed = 1 }), run("b", { rate = 0.001, seed = 2 }),
        run("c", { rate = 0.01, seed = 1 }, function(r) r.figures[1].value = 0.9877 end),
        run("d", { rate = 0.1, seed = 1 }, fail_accuracy), run("e", { rate = 0.1, seed = 2 }, crash) }
    return batch(runs, {
        seeds = { { name = "pipelines/01_normalize.lua rate=0.001", arguments = { rate = 0.001 }, seeds = { 1, 2 },
            expectations = { { name = "accuracy", operator = ">=", bound = 0.987, n = 2, mean = 0.98905, low = 0.98751,
                high = 0.99041, confidence = 0.95, method = "Wilson", passed = true, text = "" } } } },
        baseline = { file = "baseline.json", comparisons = { { run = runs[1].name, figure = "accuracy", was = 0.9893,
            is = 0.9891, tolerance = 0.002, worse_by = 0.0002, passed = true, text = "worse by 0.0002, within 0.002" },
            { run = runs[4].name, figure = "accuracy", was = 0.9893, is = 0.9812, tolerance = 0.002, worse_by = 0.0081,
            passed = false, text = "worse by 0.0081, 0.002 is allowed" } } },
    })
end

function batches.single()
    return batch({ run("single", { epochs = 5 }) }, { command = json.null })
end

local evil = "\"><script>alert(1)</script>&'\0\27[31m\xFF\xC3\u{202E}%s%d" .. ("w"):rep(90)

function batches.nasty()
    return batch({ run("nasty", {}, function(r)
        r.name, r.message, r.status, r.signal = evil, evil .. "\n" .. evil, evil, evil
        r.file, r.expectations[1].name, r.expectations[1].where = evil, evil, evil .. ":1"
        r.expectations[1].passed, r.expectations[1].operator, r.expectations[2].text = false, evil, evil
        r.figures[1].name, r.warnings, r.arguments = evil, { evil }, { [evil] = evil, nan = 0 / 0 }
        r.arguments.list = { 1, { a = evil } }
        r.environment, r.evaluations[1].title = { [evil] = evil }, evil
        r.evaluations[1].classes = { evil, "</td>", "c", "d", "e", "f", "g", "h", "i", "j" }
        r.histories[1].title, r.histories[1].columns[6] = evil, evil
        r.pixels[1].dataset, r.datasets[1].name, r.datasets[1].sha256 = evil, evil, evil
        r.evaluations[1].sheet, r.pixels[1].sheet = "../single/wrong-1.png", "script.lua"
        write(r.folder .. "/script.lua", "-- " .. evil .. "\r\n" .. ("local s = '" .. evil .. "' --[[\n"):rep(3)
            .. "\0\xFE")
        write(r.folder .. "/output.txt", (evil .. "\n"):rep(900))
    end) }, { command = { evil }, started = evil,
        seeds = { { name = evil, seeds = { evil }, expectations = { { name = evil } } } },
        baseline = { file = evil, comparisons = { { run = evil, figure = evil, text = evil } } } })
end

function batches.many()
    local runs, folder_of_all = {}, nil
    for i = 1, 200 do
        local r = run("many", { rate = 0.001 * i, seed = i }, i % 20 == 0 and fail_accuracy or nil)
        folder_of_all = folder_of_all or r.folder
        r.figures[1].value = 0.97 + i * 1e-4
        runs[i] = r
    end
    return batch(runs)
end

function batches.long()
    return batch { run("long", { epochs = 1000 }, function(r)
        r.histories = { history(1000) }
        for i, row in ipairs(r.histories[1].rows) do
            row[6] = 0.1 / i
        end
        r.histories[1].rows[400][2], r.histories[1].rows[401][2] = 2.5, json.null
    end) }
end

function batches.classes()
    local names = {}
    for i = 1, 100 do
        names[i] = "class " .. i
    end
    return batch { run("classes", {}, function(r) r.evaluations = { evaluation(names) } end) }
end

function batches.broken()
    local kinds = { 1, "x", true, {}, { 1 }, { {} }, { "x" }, { { 1 } }, json.null }
    local runs = { {}, { status = "passed" }, 7, json.null, { folder = args.folder .. "/no/such", file = "x.lua" } }
    local whole = run("broken")
    for name in pairs(whole) do
        for _, kind in ipairs(kinds) do
            local r = {}
            for key, value in pairs(whole) do
                r[key] = value
            end
            r[name] = kind
            runs[#runs + 1] = r
        end
    end
    for _, name in ipairs { "figures", "expectations", "histories", "evaluations", "pixels", "datasets" } do
        for member in pairs(whole[name][1]) do
            for _, kind in ipairs(kinds) do
                local item = {}
                for key, value in pairs(whole[name][1]) do
                    item[key] = value
                end
                item[member] = kind
                runs[#runs + 1] = { name = name .. "." .. member, status = "passed", folder = whole.folder,
                    [name] = { item } }
            end
        end
    end
    return batch(runs, { seeds = { {}, 1, { expectations = { {}, 2 } } }, baseline = { comparisons = { {}, 3 } } })
end

function batches.empty()
    return { runs = {} }
end

for _, name in ipairs { "full", "single", "nasty", "many", "long", "classes", "broken", "empty" } do
    local b = batches[name]()
    local path, begin = args.folder .. "/" .. name .. ".html", os.clock()
    html.write(path, b)
    local seconds = os.clock() - begin
    local file <close> = assert(io.open(path))
    print(("%-8s %9d bytes %6.3f s"):format(name, file:seek "end", seconds))
end
