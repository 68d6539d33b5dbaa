-- The module itself, its settings, guarded names, error objects and the checks of option tables.
local test = require "luma.test"
local internal = require "luma.internal"

-- First: the other tests load what they use.
test("files of the Lua side are loaded when one of their names is used", function()
    test.eq(package.loaded["luma.keras_utils"], nil)
    test.eq(package.loaded["luma.schedules"], nil)
    test.fails("luma has no 'early_stp'; did you mean 'early_stop'?", function() return luma.early_stp end)
    test.eq(package.loaded["luma.callbacks"], nil)
    local flip = luma.keras.flip_axis
    test.eq(type(flip), "function")
    test.ok(package.loaded["luma.keras_utils"] ~= nil)
    test.eq(luma.keras.flip_axis, flip)
    local names = {}
    for name, value in pairs(luma.schedule) do
        names[#names + 1] = name .. " " .. type(value)
    end
    table.sort(names)
    test.eq(table.concat(names, ", "), "cosine function, plateau function, step function, warmup function")
    test.eq(internal.docs["luma.schedule.step"].options[1].name, "every")
end)

test("docs say what options take", function()
    local options = {}
    for _, o in ipairs(internal.docs["luma.nn.conv"].options) do
        options[o.name] = o
    end
    test.eq(table.concat(options.padding.choices, " "), "valid same")
    test.eq(options.stride.kind, "pair")
    test.eq(internal.docs["model:fit"].options[2].kind, "optimizer")
end)

test("luma is a module and a global", function()
    test.eq(require "luma", luma)
    test.eq(tostring(luma), "module luma")
    test.eq(tostring(luma.dataset), "module luma.dataset")
    test.ok(luma.version:find "^%d+%.%d+%.%d+$")
    test.ok(({ ref = 1, avx2 = 1, avx512 = 1 })[luma.isa])
    local n = 0
    for key, value in pairs(luma) do
        n = n + 1
        test.eq(luma[key], value)
    end
    test.ok(n > 10)
end)

test("unknown names are errors with a suggestion", function()
    test.fails("luma has no 'rescal'; did you mean 'rescale'?", function() return luma.rescal end)
    test.fails("luma has no 'quark'", function() return luma.quark end)
    test.fails("luma.npy has no 'laod'; did you mean 'load'?", function() return luma.npy.laod end)
    test.fails("luma cannot be indexed with 1", function() return luma[1] end)
end)

test("only threads and seed can be set", function()
    test.fails("luma.rescale cannot be set; luma.threads and luma.seed can",
        function() luma.rescale = print end)
    test.fails("luma.dataset.mnist cannot be set; luma.threads and luma.seed can",
        function() luma.dataset.mnist = print end)
    test.fails("luma.dataset.seed cannot be set; luma.threads and luma.seed can",
        function() luma.dataset.seed = 1 end)
end)

test("threads and seed", function()
    local before = luma.threads
    luma.threads = 3
    test.eq(luma.threads, 3)
    luma.threads = before
    test.fails("luma: threads wants an integer from 1 to 64, got 0", function() luma.threads = 0 end)
    test.fails("luma: threads wants an integer from 1 to 64, got 65", function() luma.threads = 65 end)
    test.fails('luma: threads wants an integer from 1 to 64, got "2"', function() luma.threads = "2" end)
    test.eq(luma.threads, before)
    test.fails("luma: seed wants an integer of at least 0, got -1", function() luma.seed = -1 end)
    test.fails("luma: seed wants an integer of at least 0, got 1.5", function() luma.seed = 1.5 end)
    test.fails("luma: seed wants an integer of at least 0, got nil", function() luma.seed = nil end)
    luma.seed = 5.0
    test.eq(luma.seed, 5)
    test.eq(math.type(luma.seed), "integer")
    luma.seed = 0
end)

test("error objects", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local ok, err = pcall(function() luma.zeros(1) end)
    test.ok(not ok)
    test.eq(err.code, "EARG")
    test.eq(err.exit_code, 1)
    test.eq(err.where:match ":(%d+)$", tostring(line))
    test.eq(tostring(err), err.where .. ": " .. err.message)
    test.eq("caught: " .. err, "caught: " .. tostring(err))
    test.eq(err .. "!", tostring(err) .. "!")
end)

test("the line is the user's, not the library's", function()
    local function deeper()
        internal.raise("ESHAPE", "no")
    end
    local line = debug.getinfo(deeper, "S").linedefined + 1
    local err = test.fails("no", deeper)
    test.eq(err.where:match ":(%d+)$", tostring(line))
    -- A function of the embedded Lua side raises from lines of its own.
    line = debug.getinfo(1, "l").currentline + 1
    err = test.fails("luma.help: argument 1 (name) wants a string, got 3", function() luma.help(3) end)
    test.eq(err.where:match ":(%d+)$", tostring(line))
    -- Inside a coroutine, and through a method of a string chunk.
    local co = coroutine.create(function() luma.zeros(1) end)
    local _, e = coroutine.resume(co)
    test.ok(e.where:find "module.lua:%d+$")
    local chunk = load("luma.zeros(1)", "=pasted")
    _, e = pcall(chunk)
    test.eq(e.where, "pasted:1")
    _, e = pcall(load("\n\nluma.zeros(1)"))
    test.eq(e.where, '[string "..."]:3')
end)

test("of a long path the end is kept, where the line is", function()
    local _, err = pcall(load("luma.zeros(1)", "@/" .. ("long/"):rep(100) .. "x.lua"))
    test.ok(err.where:find "/long/x.lua:1$")
end)

test("quoted text is cut between characters and shows control characters", function()
    test.eq(internal.value(("\xc3\xa4"):rep(30)), '"' .. ("\xc3\xa4"):rep(20) .. '..."')
    test.eq(internal.value("a" .. ("\xc3\xa4"):rep(30)), '"a' .. ("\xc3\xa4"):rep(19) .. '..."')
    test.eq(internal.value "\0\t\n", [["\000\009\n"]])
    test.eq(internal.value(1e300), "1e+300")
    test.eq(internal.value(1 << 62), "4611686018427387904")
    test.eq(internal.value(io.stdout), "a userdata")
end)

local spec = {
    { name = "epochs", kind = "integer", min = 1, max = 100, default = 5 },
    { name = "rate", kind = "number", min = 0 },
    { name = "mode", kind = "choice", choices = { "valid", "same" }, default = "valid" },
    { name = "flow", kind = "dataset" },
    { name = "on", kind = "boolean", default = true },
    { name = "call", kind = "function" },
    { name = "path", kind = "string" },
    parts = { what = "at most two layers", max = 2 },
}

local function options(t)
    return function() return internal.options("luma.x", t, spec) end
end

test("option tables from the Lua side", function()
    test.eq(options {} (), { epochs = 5, mode = "valid", on = true })
    test.eq(options(nil)(), { epochs = 5, mode = "valid", on = true })
    test.eq(options { "a", "b", epochs = 7.0, rate = 1, mode = "same", on = false } (),
        { "a", "b", epochs = 7.0, rate = 1, mode = "same", on = false })
end)

test("every way an option can be wrong", function()
    local all = "(options: epochs, rate, mode, flow, on, call, path)"
    test.fails("luma.x: unknown option 'epoch'; did you mean 'epochs'? " .. all, options { epoch = 1 })
    test.fails("luma.x: unknown option 'zzz'; the options are epochs, rate, mode, flow, on, call, path",
        options { zzz = 1 })
    test.fails("luma.x: unknown option 'aaa'; the options are epochs, rate, mode, flow, on, call, path",
        options { zzz = 1, aaa = 2, mmm = 3 })
    test.fails("luma.x: option 'epochs' wants an integer from 1 to 100, got 0", options { epochs = 0 })
    test.fails("luma.x: option 'epochs' wants an integer from 1 to 100, got 101", options { epochs = 101 })
    test.fails("luma.x: option 'epochs' wants an integer from 1 to 100, got 1.5", options { epochs = 1.5 })
    test.fails('luma.x: option \'epochs\' wants an integer from 1 to 100, got "5"', options { epochs = "5" })
    test.fails("luma.x: option 'epochs' wants an integer from 1 to 100, got inf",
        options { epochs = math.huge })
    test.fails("luma.x: option 'rate' wants a number of at least 0, got -0.5", options { rate = -0.5 })
    test.fails("luma.x: option 'rate' wants a number of at least 0, got nan", options { rate = 0 / 0 })
    test.fails("luma.x: option 'rate' wants a number of at least 0, got inf", options { rate = math.huge })
    test.fails('luma.x: option \'mode\' wants "valid" or "same", got "smae"; did you mean "same"?',
        options { mode = "smae" })
    test.fails('luma.x: option \'mode\' wants "valid" or "same", got "full"', options { mode = "full" })
    test.fails('luma.x: option \'mode\' wants "valid" or "same", got true', options { mode = true })
    test.fails("luma.x: option 'flow' wants a dataset, got a tensor", options { flow = luma.zeros { 1 } })
    test.fails("luma.x: option 'on' wants true or false, got 0", options { on = 0 })
    test.fails("luma.x: option 'call' wants a function, got a table", options { call = {} })
    test.fails("luma.x: option 'path' wants a string, got 3", options { path = 3 })
    test.fails('luma.x: option \'path\' wants a string, got ""', options { path = "" })
    test.fails("luma.x: wants at most two layers, got 3 list items", options { 1, 2, 3 })
    test.fails("luma.x: key [true] is neither an option nor part of a list", options { [true] = 1 })
    test.fails("luma.x: key [0] is neither an option nor part of a list", options { [0] = 1 })
    test.fails("luma.x: wants at most two layers in a table { ... }, got a function",
        options(print))
    test.fails('luma.x: wants at most two layers in a table { ... }, got '
        .. '"line\\nbreak and a very long text that is ..."',
        options "line\nbreak and a very long text that is cut here")
end)

test("a closed object as an option", function()
    local ds = luma.dataset.digits { train = 2, test = 1 }
    ds:close()
    test.fails("luma.x: the dataset given as option 'flow' is closed", options { flow = ds })
end)

test.done()
