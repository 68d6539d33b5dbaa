-- Writes drawn digits in every format that luma info reads, sound and damaged, into the folder it is run in.

local train, test = luma.dataset.digits{ train = 60, test = 20, seed = 3 }
local colours = luma.dataset.digits{ train = 60, test = 1, seed = 3, color = true }

local function write(path, text)
    local file <close> = assert(io.open(path, "wb"))
    file:write(text)
end

local function read(path)
    local file <close> = assert(io.open(path, "rb"))
    return file:read "a"
end

local function folder(path)
    assert(os.execute("mkdir -p " .. path))
end

local function bytes_of(image)
    local list, flat = {}, image:reshape{ image.shape[1] * image.shape[2] * image.shape[3] }
    for i = 1, #flat do
        list[i] = string.char(flat[i])
    end
    return table.concat(list)
end

-- --- IDX ---

local function idx(name, ds)
    local images, labels = {}, {}
    for i = 1, #ds do
        images[i], labels[i] = bytes_of(ds:image(i)), string.char(ds:label(i))
    end
    write(name .. "-images-idx3-ubyte", "\0\0\8\3" .. string.pack(">I4I4I4", #ds, 28, 28) .. table.concat(images))
    write(name .. "-labels-idx1-ubyte", "\0\0\8\1" .. string.pack(">I4", #ds) .. table.concat(labels))
end

folder "idx"
idx("idx/train", train)
idx("idx/t10k", test)
folder "gz"
assert(os.execute "cp idx/* gz && gzip gz/*")
folder "alone"
assert(os.execute "cp idx/train-labels-idx1-ubyte alone && cp idx/t10k-images-idx3-ubyte alone/pictures")
folder "mixed"
assert(os.execute "cp idx/train-images-idx3-ubyte mixed && cp idx/t10k-labels-idx1-ubyte mixed/train-labels-idx1-ubyte")
write("cut.idx", read "idx/train-images-idx3-ubyte":sub(1, 5000))
write("cut.gz", read "gz/train-images-idx3-ubyte.gz":sub(1, 3000))
write("huge.idx", "\0\0\8\3" .. string.pack(">I4I4I4", 0xffffffff, 0xffff, 0xffff) .. "abc")
write("stray-labels-idx1-ubyte", "\0\0\8\1" .. string.pack(">I4", 6) .. "\0\1\2\1\0\255")
folder "emnist"
for part, ds in pairs{ train = train, test = test } do
    idx("emnist/emnist-digits-" .. part, ds)
end

-- --- NPY, NPZ ---

local function tensor_of(ds)
    local images, labels = {}, {}
    for i = 1, #ds do
        images[i], labels[i] = ds:image(i):reshape{ 28, 28 }:table(), ds:label(i)
    end
    return luma.tensor(images, "u8"), luma.tensor(labels, "i32")
end

local x, y = tensor_of(train)
local x_test, y_test = tensor_of(test)
folder "npy"
x:save "npy/x_train.npy"
y:save "npy/y_train.npy"
luma.tensor{ 0.5, -2, 3.25 }:save "weights.npy"
local unit = x:to "f32" / 255
unit:save "unit.npy"
write("cut.npy", read "npy/x_train.npy":sub(1, 900))

local function crc(text)
    local c = 0xffffffff
    for i = 1, #text do
        c = c ~ text:byte(i)
        for _ = 1, 8 do
            c = c >> 1 ~ (c & 1) * 0xedb88320
        end
    end
    return c ~ 0xffffffff
end

local function npz(path, members)
    local body, list = "", ""
    for _, member in ipairs(members) do
        member[2]:save "member.npy"
        local name, data = member[1] .. ".npy", read "member.npy"
        local head = string.pack("<I2I2I2I4I4I4I4I2I2", 20, 0, 0, 0, crc(data), #data, #data,
            #name, 0)
        list = list .. "PK\1\2" .. string.pack("<I2", 20) .. head .. ("\0"):rep(10) .. string.pack("<I4", #body)
            .. name
        body = body .. "PK\3\4" .. head .. name .. data
    end
    write(path, body .. list .. "PK\5\6" .. string.pack("<I4I2I2I4I4I2", 0, #members, #members, #list, #body, 0))
end

npz("digits.npz", { { "x_train", x }, { "y_train", y }, { "x_test", x_test }, { "y_test", y_test },
    { "other", luma.tensor{ 7 } } })
npz("plain.npz", { { "weights", luma.tensor{ 0.5, 1.5 } } })
write("cut.npz", read "digits.npz":sub(1, 20000))

-- --- CIFAR ---

local records = {}
for i = 1, #colours do
    local planes = {}
    for c = 1, 3 do
        local image, plane = colours:image(i), {}
        for at = 0, 1023 do
            plane[at + 1] = string.char(image:get(at // 32 + 1, at % 32 + 1, c))
        end
        planes[c] = table.concat(plane)
    end
    records[i] = string.char(colours:label(i)) .. table.concat(planes)
end
write("cifar.bin", table.concat(records))
folder "cifar"
for k = 1, 5 do
    write(("cifar/data_batch_%d.bin"):format(k), table.concat(records, "", k * 10 - 9, k * 10))
end
write("cifar/test_batch.bin", table.concat(records, "", 51))

-- --- image files ---

local rows = { "path,species,split" }
for part, ds in pairs{ train = train, test = test } do
    for i = 1, #ds do
        if ds:label(i) < 3 then
            local at = ("photos/%s/%d"):format(part, ds:label(i))
            folder(at)
            ds:image(i):save(("%s/%02d.png"):format(at, i))
        end
    end
end
for i = 1, 8 do
    rows[i + 1] = ("pictures/%d.png,%s,%s"):format(i, i % 2 == 0 and "even" or "odd", i > 6 and "test" or "train")
end
folder "pictures"
for i = 1, 8 do
    colours:image(i):save(("pictures/%d.png"):format(i))
end
write("table.csv", table.concat(rows, "\n"):gsub("species", "label") .. "\n")
write("numbers.csv", "width,height\n1,2\n3,4\n")

folder "bad/a"
folder "bad/b"
folder "bad/none"
folder "empty"
train:image(1):save "bad/a/1.png"
train:image(1):save "bad/a/2.png"
train:image(1):save "bad/b/3.png"
luma.zeros({ 28, 28, 1 }, "u8"):save "bad/b/4.png"
write("bad/b/5.png", read "bad/a/1.png":sub(1, 100))
write("bad/b/notes.txt", "notes")
write("broken.png", read "bad/a/1.png":sub(1, 100))

-- 8 rows of 16 by turning: a JPEG of 16 x 8 whose EXIF orientation is 6.
local hex = "ffd8ffe000104a46494600010100000100010000ffe100224578696600004d4d002a00000008000101120003000000010006"
    .. "000000000000ffdb004300100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933383740485c4e40"
    .. "4457453738506d51575f626768673e4d71797064785c656763ffc0000b080010000801011100ffc400150001010000000000"
    .. "0000000000000000000607ffc400161000030000000000000000000000000000001562ffda0008010100003f00369e4a0279"
    .. "3fffd9"
write("turned.dat", (hex:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end)))

-- --- models ---

local nn = luma.nn
local scale = luma.generator{ luma.rescale(1/255), luma.standardize "feature" }
scale:fit(train)
local model = luma.model{ input = { 28, 28, 1 }, nn.maxpool{ 2 }, nn.flatten{}, nn.dense{ 10, act = "softmax" } }
model:save("model.safetensors", { generator = scale })
scale:save "scale.safetensors"
write("cut.safetensors", read "model.safetensors":sub(1, 4000))

local function foreign(path, header, data)
    write(path, string.pack("<I8", #header) .. header .. data)
end

local entry = '{"a.weight":{"dtype":"F16","shape":[3,4],"data_offsets":[0,24]},"__metadata__":{"by":"hand"}}'
foreign("foreign.safetensors", entry, ("\0"):rep(24))
foreign("short.safetensors", entry, ("\0"):rep(20))
foreign("odd.safetensors", '{"a":{"dtype":"F16","shape":[3]}}', "")
write("claims.safetensors", string.pack("<I8", 90000000) .. "{}")

foreign("vast.safetensors", '{"t":{"dtype":"F32","shape":[9223372036854775807,2],"data_offsets":[0,8]}}', ("\0"):rep(8))
foreign("far.safetensors", '{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}', "")

-- --- odd sets ---

write("headless.csv", "pictures/1.png,3\n")
write("quoted.csv", '"file","label"\n"pictures/1.png","x,y"\n')
write("zero.idx", "\0\0\8\3" .. string.pack(">I4I4I4", 0, 28, 28))
write("grey.idx", "\0\0\8\3" .. string.pack(">I4I4I4", 5, 4, 4) .. ("\7"):rep(80))
write("bits.idx", "\0\0\8\3" .. string.pack(">I4I4I4", 2, 4, 4) .. ("\0\1"):rep(16))
luma.tensor({ { { 0/0, 1 }, { 1, 1 } } }, "f32"):save "nan.npy"
luma.tensor({ { { 1/0, 1 }, { 1, 1 } } }, "f32"):save "inf.npy"
folder "odd_run"
write("odd_run/run.json", [[{"schema":"luma.run/1","id":"x","status":"passed","figures":3,"expectations":[1,{"text":5}],
    "datasets":[{"name":1,"shape":["a"],"count":"b"}],"arguments":{"a":[1]},"warnings":[{}],"histories":[4],
    "evaluations":["x"],"message":7,"exit_code":"q"}]])

-- --- what is none of it ---

write("nothing", "")
write("page.png.idx", "<!DOCTYPE html><html><body>404</body></html>")
write("letter.txt", "Dear Sir or Madam")
write("noise.bin", "\1\2\3\4\5\6\7\8\9")
write("script.lua", "print(1)\n")
write("list.json", "[1, 2]\n")
write("not.json", "{ 1, 2\n")
folder "texts"
write("texts/a.txt", "a")
write("texts/b.txt", "b")
write("texts/c.md", "c")
