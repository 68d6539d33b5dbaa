-- Running out of memory at any allocation of the engine: garbage is collected and the call tried
-- again, so one failure changes no result; and whatever happens, nothing is left behind.
local test = require "luma.test"
local internal = require "luma.internal"

-- Serial, so that the n-th allocation is the same one every time.
luma.threads = 1

local train, small = luma.dataset.digits { train = 120, test = 20 }
local images = train:image(1):reshape { 1, 28, 28, 1 }
local fitted = luma.generator { luma.rescale(1 / 255), luma.standardize "feature" }:fit(train)

local model = luma.model { input = { 28, 28, 1 }, luma.nn.flatten {}, luma.nn.dense { 10 } }
local record = require "luma.engine.record"

local function fingerprint(...)
    local parts = {}
    for i, v in ipairs { ... } do
        parts[i] = type(v) == "userdata" and getmetatable(v) == "tensor" and v:sha256() or tostring(v)
    end
    return table.concat(parts, " ")
end

local operations = {
    tensor = function() return luma.tensor { { 1, 2 }, { 3, 4 } } end,
    zeros = function() return luma.zeros { 5 } end,
    views = function() return images[1], images:narrow(1, 1), images:reshape { -1 } end,
    copies = function() return images:to "f64", images:clone(), -images, images + images end,
    digits = function() return luma.dataset.digits { train = 10, test = 5 } end,
    memory = function()
        return luma.dataset.tensor { images = images, labels = luma.zeros({ 1 }, "u8"),
            classes = { "a", "b" } }.classes[2]
    end,
    take = function() return train:take(5), train:range(2, 9), train:concat(small) end,
    split = function() return train:split { 0.5 } end,
    filter = function() return train:filter { 1, 2, 3 } end,
    stats = function() return train:stats().mean, train:stats({ axis = "pixel" }).std end,
    merge = function() return train:stats({ axis = "pixel" }):merge(small:stats { axis = "pixel" }).std end,
    subtract = function() return train:stats():subtract(train:take(9):stats()).std end,
    fit = function()
        return luma.generator { luma.center "feature", luma.standardize "sample" }:fit(train).mean
    end,
    stage = function() return fitted[2], fitted[2].mean end,
    apply = function() return fitted:apply(images) end,
    flow = function()
        local flow <close> = fitted:flow(train, { batch = 50 })
        local _, y = flow:next()
        local x = flow:next()
        return x, y
    end,
    workers = function()
        local flow <close> = fitted:flow(train, { batch = 50, workers = 1 })
        return (flow:next())
    end,
    show = function()
        local flow <close> = fitted:flow(train, { batch = 50 })
        return images:show(), train:show(2).name, #flow:show(2)
    end,
    histogram = function() return table.concat(train:stats({ axis = "channel" }):histogram(1), " ") end,
    augment = function()
        local flow <close> = fitted:augment({
            luma.rotate(5), luma.one_of { luma.noise(1), luma.flip "vertical", weights = { 1, 2 } },
            luma.mixup(0.2),
        }):flow(train, { batch = 50 })
        return (flow:next())
    end,
    replay = function()
        local pixels, _, scaled = fitted:augment({ luma.rotate(5) }):replay(train, 3, 2)
        return pixels, scaled
    end,
    files = function()
        local path = test.path ".npy"
        local ok, err = pcall(function() images:save(path) end)
        local back = ok and luma.npy.load(path)
        os.remove(path)
        return back or error(err, 0)
    end,
    digest = function() return record.digest(train:take(5), 1) end,
    sheet = function() return record.sheet(train, { 1, 3, 120 }) end,
    probe = function()
        local flow <close> = fitted:flow(train)
        local _, sheet = record.probe(flow)
        return sheet
    end,
    evaluate = function()
        local flow <close> = fitted:flow(small)
        local result, wrong = record.evaluate(model, flow)
        return result.loss, result.confusion, #wrong
    end,
    save = function()
        local path = test.path()
        local ok, back = pcall(function()
            fitted:save(path)
            return luma.load(path)
        end)
        os.remove(path)
        return ok and back or error(back, 0)
    end,
}

local function collect()
    collectgarbage()
    collectgarbage()
end

-- Far more than any of the operations makes.
local ALLOCATIONS = 60

for name, operation in pairs(operations) do
    test(name, function()
        local want = fingerprint(operation())
        collect()
        local before = internal.memory()
        for n = 1, ALLOCATIONS do
            internal.fail_allocation(n)
            local result = table.pack(pcall(operation))
            internal.fail_allocation(0)
            if result[1] then
                test.eq(fingerprint(table.unpack(result, 2, result.n)), want, "failure " .. n)
            else
                test.eq(result[2].code, "EMEM", "failure " .. n .. ": " .. tostring(result[2]))
                test.ok(result[2].where:find "oom.lua:%d+$")
            end
            result = nil
            collect()
            test.eq(internal.memory() - before, 0, "left behind by failure " .. n)
        end
    end)
end

test.done()
