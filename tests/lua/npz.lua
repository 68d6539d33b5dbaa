local test = require "luma.test"

local function u16(n)
    return string.pack("<I2", n)
end

local function u32(n)
    return string.pack("<I4", n)
end

-- CRC-32, bit by bit.
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

local function bytes_of(tensor)
    local path = test.path ".npy"
    tensor:save(path)
    local file <close> = assert(io.open(path, "rb"))
    local text = file:read "a"
    os.remove(path)
    return text
end

-- An archive of stored members: { { name, tensor }, ... }.
local function write(path, members)
    local body, list = "", ""
    for _, member in ipairs(members) do
        local name, data = member[1] .. ".npy", bytes_of(member[2])
        local head = u16(20) .. u16(0) .. u16(0) .. u32(0) .. u32(crc(data)) .. u32(#data) .. u32(#data)
            .. u16(#name) .. u16(0)
        list = list .. "PK\1\2" .. u16(20) .. head .. u16(0) .. u16(0) .. u16(0) .. u32(0) .. u32(#body) .. name
        body = body .. "PK\3\4" .. head .. name .. data
    end
    test.write(path, body .. list .. "PK\5\6" .. u32(0) .. u16(#members) .. u16(#members) .. u32(#list)
        .. u32(#body) .. u16(0))
end

local path = test.path ".npz"
local images = luma.zeros({ 4, 2, 3 }, "u8")
images:set(3, 2, 1, 200)
local labels = luma.tensor({ 1, 0, 2, 1 }, "i32")

test("arrays", function()
    write(path, { { "x_train", images }, { "y_train", labels }, { "other", luma.tensor { 0.5 } } })
    local arrays = luma.npz.load(path)
    test.ok(arrays.x_train:equal(images) and arrays.y_train:equal(labels))
    test.eq(arrays.other[1], 0.5)
    local ds = luma.dataset.npz { path }
    test.eq(tostring(ds), path .. " x_train: 4 images 2x3x1 u8, 3 classes")
    test.eq(ds:label(3), 2)
    test.eq(ds:image(3):get(2, 1, 1), 200)
    ds = luma.dataset.npz { path, labels = "y_train", classes = { "a", "b", "c" }, name = "mine" }
    test.eq({ ds.name, ds.classes }, { "mine", { "a", "b", "c" } })
    os.remove(path)
end)

test("other types and shapes", function()
    write(path, { { "x_test", images:to "i32" }, { "y_test", labels:reshape { 4, 1 } },
        { "x_real", images:to "f64" }, { "x_wide", (images:to "f32" * 2):to "i32" } })
    local ds = luma.dataset.npz { path, images = "x_test" }
    test.eq({ ds.dtype, ds:label(1) }, { "u8", 1 })
    ds = luma.dataset.npz { path, images = "x_real" }
    test.eq({ ds.dtype, ds.classes }, { "f32", {} })
    test.eq(luma.dataset.npz({ path, images = "x_wide" }).dtype, "f32")
    test.fails(("luma.dataset.npz: %s y_test: images have shape N x H x W or N x H x W x C, these have 4x1: "
        .. "reshape the rows to height and width"):format(path), luma.dataset.npz, { path, images = "y_test" })
    test.fails(("luma.dataset.npz: %s has no array 'x_train'; it has x_test, y_test, x_real, x_wide"):format(path),
        luma.dataset.npz, { path })
    test.fails("~has no array 'y'", luma.dataset.npz, { path, images = "x_real", labels = "y" })
    os.remove(path)
end)

test("open", function()
    write(path, { { "x_train", images }, { "y_train", labels }, { "x_test", images }, { "y_test", labels } })
    local train, tests = luma.dataset.open(path, { train = 3 })
    test.eq({ #train, #tests }, { 3, 4 })
    os.remove(path)
end)

test("damage", function()
    write(path, { { "x_train", images } })
    local file = assert(io.open(path, "rb"))
    local text = file:read "a"
    file:close()
    test.write(path, text:gsub("\200", "\201"))
    local err = test.fails(("luma.npz.load: %s: array 'x_train': damaged data: its checksum (CRC-32) is not the "
        .. "one stored"):format(path), luma.npz.load, path)
    test.eq(err.code, "EFORMAT")
    test.write(path, text:sub(1, -60))
    test.fails(("luma.npz.load: %s: the zip archive's list of members, at its end, is missing: the file is cut "
        .. "off"):format(path), luma.npz.load, path)
    test.write(path, "nothing")
    test.fails(("luma.dataset.npz: %s: no .npz archive"):format(path), luma.dataset.npz, { path })
    os.remove(path)
    test.fails("~No such file", luma.npz.load, path)
end)

test("what numpy writes", function()
    local has_numpy = os.execute "python3 -c 'import numpy' 2>/dev/null"
    if not has_numpy then
        test.skip "no numpy here"
    end
    assert(os.execute(([[python3 -c "
import numpy as np
x = np.arange(24).reshape(2, 3, 4)
np.savez_compressed('%s', x_train=x.astype('u1'), y_train=np.array([1, 0]), f=np.asfortranarray(x), s=np.float32(2.5))
"]]):format(path)))
    local arrays = luma.npz.load(path)
    test.eq(arrays.f:get(2, 1, 1), 12)
    test.eq(arrays.s:get(), 2.5)
    local ds = luma.dataset.npz { path }
    test.eq({ ds:image(2):get(3, 4, 1), ds:label(1) }, { 23, 1 })
    os.remove(path)
end)

test.done()
