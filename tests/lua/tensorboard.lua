-- luma.tensorboard: event files, read back byte by byte with a reader of their own.
local test = require "luma.test"
local nn = luma.nn

local train = luma.dataset.digits { train = 100, test = 10 }
local flow = luma.generator { luma.rescale(1 / 255) }:flow(train)

-- Bit by bit, as the definition has it.
local function crc32c(bytes)
    local crc = 0xFFFFFFFF
    for i = 1, #bytes do
        crc = crc ~ bytes:byte(i)
        for _ = 1, 8 do
            crc = crc >> 1 ~ (0x82F63B78 & -(crc & 1))
        end
    end
    return crc ~ 0xFFFFFFFF
end

local function masked(bytes)
    local crc = crc32c(bytes)
    return (((crc >> 15) | (crc << 17) & 0xFFFFFFFF) + 0xA282EAD8) % 2 ^ 32 // 1 | 0
end

-- Fields of a message: list of { number, value }.
local function fields(bytes)
    local list, at = {}, 1
    local function varint()
        local value, shift = 0, 0
        repeat
            local byte = bytes:byte(at)
            value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        until byte < 128
        return value
    end
    while at <= #bytes do
        local key = varint()
        local kind = key & 7
        local value
        if kind == 0 then
            value = varint()
        elseif kind == 2 then
            local n = varint()
            value = bytes:sub(at, at + n - 1)
            at = at + n
        else
            value, at = string.unpack(kind == 1 and "<d" or "<f", bytes, at)
        end
        list[#list + 1] = { key >> 3, value }
    end
    return list
end

local function read(path)
    local file <close> = assert(io.open(path, "rb"))
    local bytes, at, events = file:read "a", 1, {}
    while at <= #bytes do
        local n, n_crc = string.unpack("<I8I4", bytes, at)
        test.eq(n_crc, masked(bytes:sub(at, at + 7)), "checksum of a length")
        local event = bytes:sub(at + 12, at + 11 + n)
        test.eq(string.unpack("<I4", bytes, at + 12 + n), masked(event), "checksum of an event")
        events[#events + 1] = fields(event)
        at = at + 16 + n
    end
    return events
end

-- { [tag] = value } of an event.
local function values(event)
    local found = {}
    for _, value in ipairs(fields(event[3][2])) do
        local parts = fields(value[2])
        found[parts[1][2]] = parts[2][2]
    end
    return found
end

local function files_in(folder)
    local paths = {}
    local pipe <close> = assert(io.popen("ls -d '" .. folder .. "'/*"))
    for path in pipe:lines() do
        paths[#paths + 1] = path
    end
    return paths
end

local function network()
    return luma.model { input = { 28, 28, 1 }, nn.flatten {}, nn.dense { 10, act = "softmax" } }
end

local function single(x)
    return (string.unpack("<f", string.pack("<f", x)))
end

test("the checksum is CRC-32C", function()
    test.eq(crc32c "123456789", 0xE3069283)
    test.eq(crc32c(("\0"):rep(32)), 0x8A9136AA)
end)

test("an event an epoch, with all its figures", function()
    local folder = test.path ".runs"
    local history = network():fit { flow, epochs = 130, validate = flow, progress = false,
        callbacks = { luma.tensorboard(folder .. "/a/b") } }
    local paths = files_in(folder .. "/a/b")
    test.eq(#paths, 1)
    test.ok(paths[1]:find "/events%.out%.tfevents%.%d+%.")
    local events = read(paths[1])
    test.eq(#events, 131)
    test.eq(events[1][1][1], 1)
    test.ok(math.abs(events[1][1][2] - os.time()) < 300, "wall time")
    test.eq(events[1][3], { 3, "brain.Event:2" })
    for epoch = 1, 130 do
        local event = events[epoch + 1]
        test.eq(event[2], { 2, epoch })
        test.eq(values(event), { ["loss/train"] = single(history.loss[epoch]),
            ["accuracy/train"] = single(history.accuracy[epoch]),
            ["loss/validation"] = single(history.val_loss[epoch]),
            ["accuracy/validation"] = single(history.val_accuracy[epoch]),
            rate = single(history.rate[epoch]), seconds = single(history.seconds[epoch]) })
    end
    os.execute("rm -r '" .. folder .. "'")
end)

test("one's own figures, complete after every turn; a file a training", function()
    local folder = test.path ".runs"
    local board = luma.tensorboard(folder)
    for epoch, m in network():train { flow, epochs = 2, progress = false } do
        m.share = epoch / 4
        board(m)
        local events = read(files_in(folder)[1])
        test.eq(#events, epoch + 1)
        test.eq(values(events[epoch + 1]).share, epoch / 4)
    end
    network():fit { flow, progress = false, callbacks = { board } }
    test.eq(#files_in(folder), 2)
    os.execute("rm -r '" .. folder .. "'")
end)

test("mistakes", function()
    test.fails("luma.tensorboard: argument 1 (folder) wants a string, got 3", luma.tensorboard, 3)
    test.fails("luma.tensorboard: cannot make the folder /dev/null/runs: Not a directory", function()
        network():fit { flow, progress = false, callbacks = { luma.tensorboard "/dev/null/runs" } }
    end)
    test.fails("luma.tensorboard: /dev/null is no folder", function()
        network():fit { flow, progress = false, callbacks = { luma.tensorboard "/dev/null" } }
    end)
end)

test.done()
