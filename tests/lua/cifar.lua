local test = require "luma.test"

local root = test.path()
assert(os.execute(("mkdir -p '%s/cifar' '%s/emnist'"):format(root, root)))

-- n records: labels i % 10 (behind a coarse one i % 20 where is_hundred), planes of i, i + 1, i + 2.
local function records(n, is_hundred)
    local parts = {}
    for i = 0, n - 1 do
        parts[#parts + 1] = (is_hundred and string.char(i % 20) or "") .. string.char(i % 10)
            .. string.char(i):rep(1024) .. string.char(i + 1):rep(1024) .. string.char(i + 2):rep(1024)
    end
    return table.concat(parts)
end

local function write(name, text)
    test.write(root .. "/" .. name, text)
    return root .. "/" .. name
end

test("CIFAR-10 and CIFAR-100", function()
    local ten, hundred = write("a.bin", records(12)), write("b.bin", records(25, true))
    local ds = luma.dataset.cifar { ten, ten }
    test.eq(tostring(ds), ten .. ": 24 images 32x32x3 u8, 10 classes")
    test.eq(ds.classes[ds:label(4) + 1], "cat")
    test.eq({ ds:image(6):get(9, 9, 1), ds:image(6):get(9, 9, 2), ds:image(6):get(9, 9, 3) }, { 5, 6, 7 })
    local fine, coarse = luma.dataset.cifar { hundred }, luma.dataset.cifar { hundred, labels = "coarse", name = "c" }
    test.eq({ #fine.classes, #coarse.classes, coarse.name }, { 100, 20, "c" })
    test.eq({ fine:label(15), coarse:label(15) }, { 4, 14 })
    test.fails(("luma.dataset.cifar: %s has 76,850 bytes, which no number of CIFAR-10's records of 3073 bytes "
        .. "makes"):format(hundred), luma.dataset.cifar, { ten, hundred })
    test.fails("luma.dataset.cifar: wants paths of CIFAR's binary files, got 0 list items",
        luma.dataset.cifar, {})
    test.fails("luma.dataset.cifar: path 2 wants a string, got 3", luma.dataset.cifar, { ten, 3 })
end)

test("cifar10 by folder", function()
    for k = 1, 5 do
        write(("cifar/data_batch_%d.bin"):format(k), records(k))
    end
    test.fails("~cifar10 is not here: .* %(without test_batch.bin%)", luma.dataset.cifar10, root .. "/cifar")
    write("cifar/test_batch.bin", records(3))
    local train, tests = luma.dataset.cifar10(root .. "/cifar")
    test.eq({ #train, #tests, train.name }, { 15, 3, "cifar10 train" })
    local again = luma.dataset.open(root .. "/cifar", { train = 7 })
    test.eq(#again, 7)
end)

test("emnist", function()
    for _, part in ipairs { "train", "test" } do
        write(("emnist/emnist-letters-%s-images-idx3-ubyte"):format(part),
            "\0\0\8\3\0\0\0\2\0\0\0\2\0\0\0\2" .. "\1\2\3\4\5\6\7\8")
        write(("emnist/emnist-letters-%s-labels-idx1-ubyte"):format(part), "\0\0\8\1\0\0\0\2" .. "\1\26")
    end
    local train = luma.dataset.emnist { dir = root .. "/emnist" }
    test.eq({ #train.classes, train:label(1), train:label(2), train.classes[26] }, { 26, 0, 25, "Z" })
    test.eq(train:image(1):reshape({ 4 }):table(), { 1, 3, 2, 4 })
    test.fails("~option 'split' wants .* got \"leters\"; did you mean \"letters\"%?", luma.dataset.emnist,
        { split = "leters" })
    test.fails("~emnist is not here: the files emnist%-digits%-", luma.dataset.emnist,
        { split = "digits", dir = root .. "/emnist" })
end)

os.execute(("rm -rf '%s'"):format(root))
test.done()
