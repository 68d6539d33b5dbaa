local test = require "luma.test"

local train, small = luma.dataset.digits { train = 500, test = 50, seed = 3 }

-- A set of n images 2 x 3 x 1 whose pixels are all the image's number, labels 0 1 2 0 1 2 ...
local function numbered(n)
    local images = luma.zeros({ n, 2, 3 }, "u8")
    local labels = luma.zeros({ n }, "u8")
    for i = 1, n do
        for r = 1, 2 do
            for c = 1, 3 do
                images:set(i, r, c, i)
            end
        end
        labels[i] = (i - 1) % 3
    end
    return luma.dataset.tensor { images = images, labels = labels, name = "numbered" }
end

local function numbers(ds)
    local list = {}
    for i = 1, #ds do
        list[i] = ds:image(i):get(1, 1, 1)
    end
    return list
end

test("fields", function()
    test.eq(#train, 500)
    test.eq(#small, 50)
    test.eq(train.shape, { 28, 28, 1 })
    test.eq(train.dtype, "u8")
    test.eq(train.classes, { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" })
    test.eq(train.name, "digits train")
    test.eq(tostring(train), "digits train: 500 images 28x28x1 u8, 10 classes")
    test.fails("dataset has no field or method 'lable'; did you mean 'label'?",
        function() return train.lable end)
    test.fails('fields of a dataset cannot be set (got key "name")', function() train.name = "x" end)
end)

test("images are copies, labels count from 0", function()
    local ds = numbered(4)
    test.eq({ ds:label(1), ds:label(2), ds:label(3), ds:label(4) }, { 0, 1, 2, 0 })
    test.eq(ds.classes, { "0", "1", "2" })
    local image = ds:image(2)
    test.eq(image.shape, { 2, 3, 1 })
    image:set(1, 1, 1, 99)
    test.eq(ds:image(2):get(1, 1, 1), 2)
    test.fails("dataset:image: argument 1 (i) wants an integer from 1 to 4, got 0",
        function() ds:image(0) end)
    test.fails("dataset:image: argument 1 (i) wants an integer from 1 to 4, got 5",
        function() ds:image(5) end)
    test.fails("dataset:label: argument 1 (i) wants an integer from 1 to 4, got nothing",
        function() ds:label() end)
    test.fails('dataset:label: argument 1 (i) wants an integer from 1 to 4, got "1"',
        function() ds:label "1" end)
end)

test("digits are the same bits for the same arguments", function()
    local again = luma.dataset.digits { train = 20, test = 5, seed = 3 }
    test.ok(again:image(20):equal(train:image(20)))
    local other = luma.dataset.digits { train = 20, test = 5, seed = 4 }
    test.ok(not other:image(20):equal(train:image(20)))
    local color = luma.dataset.digits { train = 5, test = 5, color = true }
    test.eq(color.shape, { 32, 32, 3 })
    luma.seed = 3
    test.ok(luma.dataset.digits({ train = 5, test = 5 }):image(5):equal(train:image(5)), "luma.seed")
    luma.seed = 0
end)

test("digits refuse odd arguments", function()
    local digits = luma.dataset.digits
    test.fails("luma.dataset.digits: option 'train' wants an integer from 1 to 10000000, got 0",
        digits, { train = 0 })
    test.fails("luma.dataset.digits: option 'seed' wants an integer of at least 0, got -1",
        digits, { seed = -1 })
    test.fails("luma.dataset.digits: option 'color' wants true or false, got 1",
        digits, { color = 1 })
    test.fails("luma.dataset.digits: unknown option 'colour'; did you mean 'color'? (options: train, "
        .. "test, seed, color)", digits, { colour = true })
    test.fails("luma.dataset.digits: takes options only, written name=value; got 1 list item",
        digits, { 100 })
    test.fails("luma.dataset.digits: wants a table { train=, test=, seed=, color= }, got 100",
        digits, 100)
    test.fails("luma.dataset has no 'digit'; did you mean 'digits'?",
        function() return luma.dataset.digit end)
end)

test("take, range and concat", function()
    local ds = numbered(10)
    test.eq(numbers(ds:take(3)), { 1, 2, 3 })
    test.eq(numbers(ds:range(4, 6)), { 4, 5, 6 })
    test.eq(numbers(ds:range(10, 10)), { 10 })
    test.eq(numbers(ds:range(4, 6):range(2, 3)), { 5, 6 })
    test.eq(numbers(ds:take(2):concat(ds:range(9, 10))), { 1, 2, 9, 10 })
    test.eq(ds:take(2):concat(ds:range(9, 10)):label(3), 2)
    test.fails("dataset:take: argument 1 (n) wants an integer from 1 to 10, got 11",
        function() ds:take(11) end)
    test.fails("dataset:take: argument 1 (n) wants an integer from 1 to 10, got 0",
        function() ds:take(0) end)
    test.fails("dataset:range: argument 2 (last) wants an integer from 5 to 10, got 4",
        function() ds:range(5, 4) end)
    test.fails("dataset:concat: argument 1 wants a dataset, got a table",
        function() ds:concat {} end)
    test.eq(test.fails("~^dataset:concat: ", function() ds:concat(train) end).code, "ESHAPE")
end)

test("split is stratified, shuffled and repeatable", function()
    local a, b = train:split { 0.8, seed = 7 }
    test.eq(#a + #b, 500)
    local c, d = train:split { 0.8, seed = 7 }
    test.eq(c:stats().mean, a:stats().mean)
    test.eq(d:stats().mean, b:stats().mean)
    local ds = numbered(30)
    local first, second = ds:split { 0.5, seed = 1 }
    for k = 0, 2 do
        test.eq(#first:filter { k }, 5)
        test.eq(#second:filter { k }, 5)
    end
    local all = numbers(first)
    table.move(numbers(second), 1, 15, 16, all)
    table.sort(all)
    test.eq(all, numbers(ds), "every image is in one part")
    first, second = ds:split { 0.9, shuffle = false, stratify = false }
    test.eq({ #first, #second, numbers(second)[1] }, { 27, 3, 28 })
end)

test("split refuses fractions that make no part", function()
    local function split(t)
        return function() numbered(9):split(t) end
    end
    test.fails("dataset:split: the fraction wants a number between 0 and 1, got 1", split { 1 })
    test.fails("dataset:split: the fraction wants a number between 0 and 1, got 0", split { 0 })
    test.fails("dataset:split: the fraction wants a number between 0 and 1, got nan", split { 0 / 0 })
    test.fails('dataset:split: the fraction wants a number between 0 and 1, got "0.5"', split { "0.5" })
    test.fails("dataset:split: wants one fraction, as in { 0.9 }, got 0 list items", split { seed = 7 })
    test.fails("dataset:split: argument 1 (parts) wants a table like { 0.9, seed=7 }, got nil", split(nil))
    test.fails("dataset:split: argument 1 (parts) wants a table like { 0.9, seed=7 }, got 0.9", split(0.9))
    test.fails("dataset:split: option 'stratify' wants true or false, got nan",
        split { 0.5, stratify = 0 / 0 })
end)

test("filter by number and by name", function()
    local ds = luma.dataset.tensor {
        images = luma.zeros({ 3, 2, 2 }, "u8"),
        labels = luma.tensor({ 0, 1, 0 }, "u8"),
        classes = { "cat", "dog", "cow" },
    }
    test.eq(ds.classes, { "cat", "dog", "cow" })
    test.eq(#ds:filter { 0 }, 2)
    test.eq(#ds:filter { "dog" }, 1)
    test.eq(#ds:filter { "dog", 0 }, 3)
    test.eq(ds:filter({ "dog" }):label(1), 1)
    test.fails("dataset:filter: 'tensor' has no class named 'dgo'; did you mean 'dog'?",
        function() ds:filter { "dgo" } end)
    test.fails("dataset:filter: the list of classes wants a class name, or a class number from 0 to 2, "
        .. "got 3", function() ds:filter { 3 } end)
    test.fails("dataset:filter: argument 1 (classes) wants a list of classes like { 0, 1 }, got 1",
        function() ds:filter(1) end)
    test.fails("dataset:filter: wants a list of classes, got 0 list items",
        function() ds:filter {} end)
    test.fails("~^dataset:filter: ", function() ds:filter { "cow" } end)
end)

test("a set without labels", function()
    local ds = luma.dataset.tensor { images = luma.zeros({ 3, 2, 2 }, "u8") }
    test.eq(ds.classes, {})
    test.fails("dataset:label: 'tensor' has no labels", function() ds:label(1) end)
    test.fails("dataset:filter: 'tensor' has no labels to filter by", function() ds:filter { 0 } end)
    test.fails("dataset:split: 'tensor' has no labels to stratify by; say stratify=false to split it",
        function() ds:split { 0.5 } end)
    local a, b = ds:split { 0.34, stratify = false }
    test.eq({ #a, #b }, { 1, 2 })
end)

test("luma.dataset.tensor checks what it is given", function()
    local make = luma.dataset.tensor
    local images = luma.zeros({ 3, 2, 2 }, "u8")
    test.fails("luma.dataset.tensor: option 'images' wants a tensor, got nil", make, {})
    test.fails("luma.dataset.tensor: option 'images' wants a tensor, got nil", make)
    test.fails("luma.dataset.tensor: option 'labels' wants a tensor, got a table",
        make, { images = images, labels = { 0, 1, 2 } })
    test.fails("luma.dataset.tensor: 3 images, but 2 labels",
        make, { images = images, labels = luma.zeros({ 2 }, "u8") })
    test.fails("luma.dataset.tensor: labels are u8 or i32 class numbers, these are f32",
        make, { images = images, labels = luma.zeros { 3 } })
    test.fails("~^luma.dataset.tensor: images have shape", make, { images = luma.zeros({ 4 }, "u8") })
    test.fails("~would have no images", make, { images = luma.zeros({ 0, 2, 2 }, "u8") })
    test.fails("luma.dataset.tensor: label 1 is -1; labels are class numbers from 0 to 65535",
        make, { images = images, labels = luma.tensor({ -1, 0, 0 }, "i32") })
    test.fails("luma.dataset.tensor: a class name wants a string, got 1", make,
        { images = images, labels = luma.zeros({ 3 }, "u8"), classes = { 1 } })
    test.fails("luma.dataset.tensor: wants a list of class names, got 0 list items", make,
        { images = images, labels = luma.zeros({ 3 }, "u8"), classes = {} })
    test.fails("luma.dataset.tensor: unknown option 'label'; did you mean 'labels'? (options: images, "
        .. "labels, name, classes)", make, { images = images, label = images })
end)

test("luma.dataset.npy", function()
    local x, y = test.path ".npy", test.path ".npy"
    luma.zeros({ 3, 2, 2 }, "u8"):save(x)
    luma.tensor({ 2, 1, 0 }, "i32"):save(y)
    local ds = luma.dataset.npy { images = x, labels = y, classes = { "a", "b", "c" } }
    test.eq({ #ds, ds:label(1), ds.classes[3], ds.name }, { 3, 2, "c", x })
    os.remove(x)
    os.remove(y)
    test.eq(test.fails("~^luma.dataset.npy: ", function()
        luma.dataset.npy { images = x }
    end).code, "ENOTFOUND")
    test.fails("luma.dataset.npy: option 'images' wants a string, got nil",
        function() luma.dataset.npy { labels = y } end)
end)

-- IDX by hand: 00 00 type rank, big-endian extents, bytes.
local function idx(extents, bytes)
    local head = string.pack(">BBBB", 0, 0, 8, #extents)
    for _, n in ipairs(extents) do
        head = head .. string.pack(">I4", n)
    end
    return head .. bytes
end

test("luma.dataset.idx reads pairs and names what is wrong", function()
    local x, y = test.path "-images", test.path "-labels"
    test.write(x, idx({ 2, 2, 2 }, "\1\2\3\4\5\6\7\8"))
    test.write(y, idx({ 2 }, "\1\0"))
    local ds = luma.dataset.idx { images = x, labels = y, name = "mine" }
    test.eq({ #ds, ds.name, ds:label(1), ds:label(2) }, { 2, "mine", 1, 0 })
    test.eq(ds:image(2):table(), { { { 5 }, { 6 } }, { { 7 }, { 8 } } })
    test.eq(ds:stats().mean, 4.5)
    test.write(y, idx({ 3 }, "\1\0\1"))
    local err = test.fails("~^luma.dataset.idx: .*" .. y:match "[^/]*$":gsub("%p", "%%%0"),
        function() luma.dataset.idx { images = x, labels = y } end)
    test.eq(err.code, "EFORMAT")
    test.eq(err.exit_code, 4)
    test.write(x, "<!DOCTYPE html><html>Not found</html>")
    test.eq(test.fails("~HTML", function() luma.dataset.idx { images = x } end).code, "EFORMAT")
    test.write(x, idx({ 2, 2, 2 }, "\1\2"))
    test.eq(test.fails("~^luma.dataset.idx: ", function()
        luma.dataset.idx { images = x }
    end).code, "EFORMAT")
    os.remove(x)
    os.remove(y)
end)

test("mnist: the error names the command that fetches it", function()
    local err = test.fails("~^luma.dataset.mnist: .*/no/such/folder",
        function() luma.dataset.mnist "/no/such/folder" end)
    test.eq(err.code, "ENOTFOUND")
    test.eq(err.exit_code, 4)
    test.fails("luma.dataset.mnist: argument 1 (dir) wants a string, got a table",
        function() luma.dataset.mnist {} end)
end)

test("mnist, where it is there", function()
    local ok, data, tests = pcall(luma.dataset.mnist)
    if not ok then
        test.skip "MNIST is not here"
    end
    test.eq({ #data, #tests, data:label(1) }, { 60000, 10000, 5 })
    local s = data:stats()
    test.eq(s.mean, 33.318421449829934)
    test.eq(s.std, 78.567489983397989)
    test.eq(tests:stats().mean, 33.791224489795916)
    test.eq(tests:stats().std, 79.172463222286442)
end)

test.done()
