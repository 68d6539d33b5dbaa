-- What is measured of a data set whose pixels lie in memory or in a mapped file. All images are looked at
-- unless there are very many bytes of them: then the first ones, and the facts say how many.

local internal = require "luma.internal"
local json = require "luma.json"

local facts = {}

-- A second or two of reading on one core.
local BYTES_MAX = 2 << 30
-- One number a pixel position is kept for these.
local POSITIONS_MAX = 1 << 16

local sizes = { u8 = 1, f32 = 4 }

local function pixels_of(ds, n)
    local part = n < #ds and ds:take(n) or ds
    local s = part:stats()
    local pixels = { images = n, min = s.min, max = s.max, mean = s.mean, std = s.std }
    if ds.dtype == "u8" then
        pixels.min, pixels.max = math.tointeger(s.min), math.tointeger(s.max)
    end
    local shape = ds.shape
    if shape[3] > 1 then
        local by = part:stats{ axis = "channel" }
        pixels.channels = { mean = json.array(by.mean:table()), std = json.array(by.std:table()) }
    end
    local n_positions = shape[1] * shape[2] * shape[3]
    if n > 1 and n_positions <= POSITIONS_MAX and s.std > 0 then
        local std, n_constant = part:stats{ axis = "pixel" }.std:reshape{ n_positions }, 0
        for i = 1, n_positions do
            n_constant = n_constant + (std[i] == 0 and 1 or 0)
        end
        pixels.constant_positions, pixels.positions = n_constant, n_positions
    end
    return pixels
end

-- { label, name, count } of every class; an empty list without labels.
function facts.classes(ds)
    local list = json.array()
    local is_good, counts = pcall(ds.counts, ds)
    for i, name in ipairs(is_good and ds.classes or {}) do
        list[i] = { label = i - 1, name = name, count = counts[i] }
    end
    return list
end

-- Facts for people and for JSON; and what is for comparing sets: a digest an image and the numbers of the
-- images that are all of one value.
function facts.of(ds, part)
    local shape = ds.shape
    local bytes = shape[1] * shape[2] * shape[3] * sizes[ds.dtype]
    local n = math.max(1, math.min(#ds, BYTES_MAX // bytes))
    local digests, constant = internal.digests(ds, n)
    local set = { part = part, name = ds.name, line = tostring(ds), count = #ds, shape = json.array(shape),
        dtype = ds.dtype, classes = facts.classes(ds), pixels = pixels_of(ds, n) }
    local targets = ds.targets
    if targets then
        set.targets = targets.shape[2]
    end
    return set, { ds = ds, digests = digests, constant = constant }
end

return facts
