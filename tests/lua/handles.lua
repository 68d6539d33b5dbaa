-- Handles: closing, collecting, and memory that stays flat.
local test = require "luma.test"
local internal = require "luma.internal"

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
        for doc in pairs(internal.docs) do
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

-- Engine memory in use may rise by the 24 MB that are due before a collection, and what one turn
-- makes. Afterwards, with all garbage collected, it is what it was to the byte.
local MB = 1000000

local function stays_flat(most_mb, turns, turn)
    for i = 1, 5 do
        turn(i) -- fills what is kept for reuse, such as a flow's idle buffers
    end
    collectgarbage()
    collectgarbage()
    local before = internal.memory()
    local most = 0
    for i = 1, turns do
        turn(i)
        most = math.max(most, internal.memory() - before)
    end
    collectgarbage()
    collectgarbage()
    test.eq(internal.memory() - before, 0, "left behind")
    test.ok(most <= most_mb * MB, ("memory rose by %d bytes"):format(most))
end

test("a loop that makes tensors stays flat", function()
    stays_flat(25.2 + 4 * 2, 100, function()
        luma.zeros({ 1000, 1000 }):set(1, 1, 1)
    end)
end)

test("a loop over batches stays flat", function()
    local flow = luma.generator({ luma.rescale(1 / 255) }):flow(train, { batch = 200 })
    stays_flat(25.2 + 3, 200, function()
        flow:next()
    end)
end)

test("views keep their storage, not more", function()
    local t = luma.zeros { 1000, 1000 }
    stays_flat(1, 1000, function(i)
        return t[i][1]
    end)
end)

test("a loop over closed data sets needs one at a time", function()
    stays_flat(0, 20, function()
        local a, b = luma.dataset.digits { train = 3000, test = 1000 }
        a:close()
        b:close()
    end)
end)

test("a loop over data sets left to the collector stays flat", function()
    stays_flat(25.2 + 8, 40, function()
        luma.dataset.digits { train = 3000, test = 1000 }
    end)
end)

test("a stopped collector stays stopped", function()
    collectgarbage "stop"
    local before = internal.memory()
    for _ = 1, 20 do
        luma.zeros { 1000, 1000 }
    end
    test.ok(internal.memory() - before >= 80 * MB)
    collectgarbage "restart"
    collectgarbage()
    test.ok(internal.memory() - before < MB)
end)

test("errors in the middle leave nothing behind", function()
    stays_flat(25.2, 300, function(i)
        pcall(function() luma.zeros { 1 << 62, 2 } end)
        pcall(function() luma.tensor({ i, 300 }, "u8") end)
        pcall(function() small:filter { 11 } end)
        pcall(function() small:split { 2 } end)
        pcall(function() luma.generator { luma.center "feature" }:flow(train) end)
        pcall(function() luma.generator { luma.rescale(2), 3 } end)
        pcall(function() luma.stats():add(luma.zeros { 3 }) end)
        pcall(function() luma.dataset.tensor { images = luma.zeros { 3 } } end)
        pcall(function() luma.dataset.idx { images = "no such file" } end)
        pcall(function() luma.load "no such file" end)
    end)
end)

test.done()
