-- Handles: closing, collecting, and memory that stays flat.
local test = require "luma.test"

local train, small = luma.dataset.digits { train = 200, test = 20 }

-- One of each type, made fresh.
local makers = {
    tensor = function() return luma.zeros { 4 } end,
    dataset = function() return train:take(10) end,
    stats = function() return train:stats() end,
    stage = function() return luma.rescale(1 / 255) end,
    generator = function() return luma.generator { luma.rescale(1 / 255) } end,
    flow = function() return luma.generator({ luma.rescale(1 / 255) }):flow(train) end,
}

for name, make in pairs(makers) do
    test(name .. ": close is idempotent, everything after it an error", function()
        local x = make()
        x:close()
        x:close()
        test.eq(tostring(x), "closed " .. name)
        local err = test.fails("#" .. name .. ": " .. name .. " is closed", function() return #x end)
        test.eq(err.code, "ESTATE")
        for doc in pairs((require "luma.internal").docs) do
            local kind, key = doc:match("^" .. name .. "([.:])(.*)$")
            if kind and key ~= "close" then
                test.fails(doc .. ": " .. name .. " is closed", function()
                    return kind == "." and x[key] or x[key](x)
                end)
            end
        end
    end)

    test(name .. ": <close> closes", function()
        local kept
        do
            local x <close> = make()
            kept = x
        end
        test.eq(tostring(kept), "closed " .. name)
    end)

    test(name .. ": its metatable is out of reach", function()
        local x <close> = make()
        test.eq(getmetatable(x), name)
        test.ok(not pcall(setmetatable, x, {}))
        test.fails(name .. " has no field or method '__gc'", function() return x.__gc end)
    end)

    test(name .. ": close wants its own kind", function()
        local x <close> = make()
        local close = x.close
        test.fails(name .. ":close: called on a table instead of " ..
            (name == "stats" and "stats" or "a " .. name) .. "; write x:close(...), with a colon",
            function() close {} end)
    end)
end

test("what others use lives on", function()
    local ds = train:take(32)
    local g = luma.generator { luma.standardize "feature" }
    g:fit(ds)
    local flow = g:flow(ds, { batch = 8, shuffle = false })
    local first = flow:next()
    ds:close()
    g:close()
    collectgarbage()
    collectgarbage()
    test.ok(flow:reset():next():equal(first))
    flow:close()
    test.eq(#first, 8)
    test.eq(first.dtype, "f32")
end)

test("closed things as arguments", function()
    local ds, t, s = train:take(2), luma.zeros { 2 }, luma.rescale(2)
    ds:close()
    t:close()
    s:close()
    test.fails("generator:fit: dataset is closed", function() luma.generator({}):fit(ds) end)
    test.fails("generator:flow: dataset is closed", function() luma.generator({}):flow(ds) end)
    test.fails("stats:add: dataset is closed", function() luma.stats():add(ds) end)
    test.fails("stats:add: tensor is closed", function() luma.stats():add(t) end)
    test.fails("dataset:concat: dataset is closed", function() train:concat(ds) end)
    test.fails("tensor + tensor: tensor is closed", function() return luma.zeros { 2 } + t end)
    test.fails("luma.generator: item 1 is closed", function() luma.generator { s } end)
    test.fails("luma.dataset.tensor: the tensor given as option 'images' is closed",
        function() luma.dataset.tensor { images = t } end)
end)

-- Resident memory in MB, or nil where the system does not tell.
local function resident_mb()
    local file = io.open "/proc/self/statm"
    if file then
        local pages = file:read("a"):match "%d+ (%d+)"
        file:close()
        return tonumber(pages) * 4096 / 1e6
    end
end

local function stays_flat(what, loop)
    loop(20)
    collectgarbage()
    local before = resident_mb()
    if not before then
        test.skip "no /proc here"
    end
    loop(400)
    test.near(resident_mb(), before, 60, what)
end

test("a loop that makes tensors stays flat", function()
    stays_flat("tensors of 4 MB", function(n)
        for _ = 1, n do
            luma.zeros({ 1000, 1000 }):set(1, 1, 1)
        end
    end)
end)

test("a loop over batches stays flat", function()
    local flow = luma.generator({ luma.rescale(1 / 255) }):flow(train, { batch = 200 })
    stays_flat("batches of 600 kB", function(n)
        for _ = 1, n do
            flow:next()
        end
    end)
end)

test("a loop over closed data sets stays flat", function()
    stays_flat("digits", function(n)
        for _ = 1, n // 10 do
            local a, b = luma.dataset.digits { train = 3000, test = 1000 }
            a:close()
            b:close()
        end
    end)
end)

test("a loop over data sets left to the collector stays flat", function()
    stays_flat("digits", function(n)
        for _ = 1, n // 10 do
            luma.dataset.digits { train = 3000, test = 1000 }
        end
    end)
end)

test("errors in the middle leave nothing behind", function()
    stays_flat("failed calls", function(n)
        for i = 1, n * 10 do
            pcall(function() luma.zeros { 1 << 60 } end)
            pcall(function() luma.tensor({ i, 300 }, "u8") end)
            pcall(function() small:filter { 11 } end)
            pcall(function() luma.generator { luma.center "feature" }:flow(train) end)
        end
    end)
end)

test.done()
