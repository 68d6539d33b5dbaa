-- luma.tensorboard: the figures of every epoch as TensorBoard's event files.
--
-- A file is a row of TFRecords: length, its checksum, an Event message of protocol buffers (fields
-- wall_time=1 double, step=2 varint, file_version=3 string, summary=5; summary.value=1, value.tag=1,
-- value.simple_value=2 float), its checksum. Every record is flushed whole, so TensorBoard may watch.

local callbacks = require "luma.callbacks"
local internal = require "luma.internal"

local fn = "luma.tensorboard"

-- CRC-32C, reflected polynomial (RFC 3720, appendix B.4).
local crc_table = {}
for byte = 0, 255 do
    local crc = byte
    for _ = 1, 8 do
        crc = crc & 1 == 1 and crc >> 1 ~ 0x82F63B78 or crc >> 1
    end
    crc_table[byte] = crc
end

-- As TFRecords store it: turned and shifted, so that checksums of data with checksums in it stay good.
local function masked_crc(bytes)
    local crc = 0xFFFFFFFF
    for i = 1, #bytes do
        crc = crc_table[(crc ~ bytes:byte(i)) & 0xFF] ~ crc >> 8
    end
    crc = crc ~ 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) & 0xFFFFFFFF) + 0xA282EAD8 & 0xFFFFFFFF
end

local function record(event)
    local length = string.pack("<I8", #event)
    return length .. string.pack("<I4", masked_crc(length)) .. event .. string.pack("<I4", masked_crc(event))
end

local function varint(n)
    local bytes = {}
    while n > 127 do
        bytes[#bytes + 1] = string.char(n & 127 | 128)
        n = n >> 7
    end
    return table.concat(bytes) .. string.char(n)
end

-- A field of text or of a message.
local function field(number, bytes)
    return string.char(number << 3 | 2) .. varint(#bytes) .. bytes
end

local function event(step, rest)
    return string.pack("<Bd", 1 << 3 | 1, os.time()) .. string.char(2 << 3) .. varint(step) .. rest
end

-- "loss/train", "loss/validation", "rate": TensorBoard draws what stands before the slash together.
local function tag(name)
    local figure = name:match "^val_(.*)"
    local is_both = name == "loss" or name == "accuracy"
    return figure and figure .. "/validation" or is_both and name .. "/train" or name
end

local function summary(m)
    local names = {}
    for name, value in pairs(m) do
        if math.type(value) == "float" then
            names[#names + 1] = name
        end
    end
    table.sort(names)
    for i, name in ipairs(names) do
        names[i] = field(1, field(1, tag(name)) .. string.pack("<Bf", 2 << 3 | 5, m[name]))
    end
    return field(5, table.concat(names))
end

local function write(callback, file, bytes)
    local ok, reason = file:write(bytes)
    if ok then
        ok, reason = file:flush()
    end
    if not ok then
        callbacks.fail("EIO", fn, "cannot write to a file in %s: %s", callback.folder, reason)
    end
end

local process = {} -- its address differs between processes
local n_files = 0

-- One file a training; names end in something no other training of this second has.
local function open(callback)
    internal.make_folder(fn, callback.folder)
    n_files = n_files + 1
    local path = ("%s/events.out.tfevents.%d.luma.%s-%d"):format(callback.folder, os.time(),
        tostring(process):match "0x(%x+)", n_files)
    local file, reason = io.open(path, "wb")
    if not file then
        callbacks.fail("EIO", fn, "cannot make the file %s", reason)
    end
    write(callback, file, record(event(0, field(3, "brain.Event:2"))))
    return file
end

local function begin(callback, _, memory)
    memory.file = memory.file or open(callback)
end

local function after(callback, run, memory, m)
    begin(callback, run, memory)
    write(callback, memory.file, record(event(m.epoch, summary(m))))
end

local function finish(_, _, memory)
    memory.file:close()
end

local function tensorboard(folder)
    if type(folder) ~= "string" or folder == "" then
        callbacks.fail("EARG", fn, "argument 1 (folder) wants a string, got %s", internal.value(folder))
    end
    return callbacks.new{ fn = fn, options = { folder = folder }, spec = { { name = "folder" } }, folder = folder,
        begin = begin, after = after, finish = finish }
end

internal.define{
    fn, call = tensorboard,
    signature = "luma.tensorboard(folder) -> callback",
    text = "Writes the figures of every epoch as TensorBoard's event files into the folder, which is made where it "
        .. "is missing, a file a training. An item of the option `callbacks` of model:fit and model:train; or "
        .. "called with the metrics of a turn of model:train, whose own figures it then writes too.",
    example = callbacks.example .. [[
local folder = os.tmpname() .. ".runs"
local board = luma.tensorboard(folder)
print(board) -- model:fit{ flow, epochs=5, callbacks={ board } }; then: tensorboard --logdir folder]],
}
