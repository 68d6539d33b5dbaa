local test = require "luma.test"

local digits = luma.dataset.digits { train = 12, test = 5, seed = 2 }
local root = test.path()

assert(os.execute(("mkdir -p '%s/img'"):format(root)))
for i = 1, 12 do
    digits:image(i):save(("%s/img/%d.png"):format(root, i))
end

local function write(text)
    test.write(root .. "/t.csv", text)
    return root .. "/t.csv"
end

local function open(text, options)
    options = options or {}
    options[1] = write(text)
    options.color = "gray"
    return luma.dataset.csv(options)
end

test("classes in row order", function()
    local ds = open "\xEF\xBB\xBFfile,label\r\nimg/3.png,dog\r\n\"img/1.png\",\"cat\"\r\nimg/3.png,dog\r\n"
    test.eq(tostring(ds), root .. "/t.csv: 3 images 28x28x1 u8, 2 classes")
    test.eq(ds.classes, { "cat", "dog" })
    test.eq({ ds:label(1), ds:label(2), ds:label(3) }, { 1, 0, 1 })
    test.ok(ds:image(1):equal(digits:image(3)) and ds:image(2):equal(digits:image(1)))
    test.eq(ds:file(2), root .. "/img/1.png")
    test.eq(#open("f,c\n1.png,x\n", { file = "f", label = "c", directory = root .. "/img" }), 1)
    test.eq(#open("file;label\nimg/1.png;x\n", { delimiter = ";" }), 1)
    local some = open("file,label\nimg/1.png,a\nimg/2.png,b\n", { classes = { "b" } })
    test.eq({ #some, some.ignored, some:label(1) }, { 1, 1, 0 })
    test.eq(open("file\nimg/1.png\n", { labelled = false }).classes, {})
end)

test("any number of classes", function()
    local ds = open("file,tags\nimg/1.png,sun|sea\nimg/2.png,\nimg/3.png,sky\n", { labels = "tags" })
    test.eq(ds.classes, { "sea", "sky", "sun" })
    test.eq({ ds:label(1), ds:label(2), ds:label(3) }, { { 0, 2 }, {}, { 1 } })
    test.eq(ds:target(1), { 1, 0, 1 })
    test.eq(ds:counts(), { 1, 1, 1 })
    test.eq(ds.targets.shape, { 3, 3 })
    test.ok(tostring(ds):find "3 classes, any number an image")
    ds = open("file,a,b\nimg/1.png,1,0\nimg/2.png,1,1\n", { labels = { "b", "a" } })
    test.eq(ds.classes, { "b", "a" })
    test.eq(ds:label(2), { 0, 1 })
    test.eq(open("file,t\nimg/1.png,x y\n", { labels = "t", separator = " " }).classes, { "x", "y" })
end)

test("numbers to predict, weights", function()
    local ds = open("file,x,y,w\nimg/1.png,1.5,-2,1\nimg/2.png,0,1e3,0.25\n",
        { targets = { "y", "x" }, weight = "w" })
    test.eq(ds:target(1), { -2, 1.5 })
    test.eq(ds.classes, { "y", "x" })
    test.eq({ ds:weight(1), ds:weight(2) }, { 1, 0.25 })
    test.fails("dataset:label: '" .. root .. "/t.csv' has no labels; dataset:target(i) gives its numbers",
        function() ds:label(1) end)
    test.fails("~has no labels to count", function() ds:counts() end)
    local half = ds:range(2, 2)
    test.eq({ half:target(1), half:weight(1) }, { { 1000, 0 }, 0.25 })
    test.eq(open("file,x\nimg/1.png,3\n", { targets = "x" }):target(1), { 3 })
end)

test("parts", function()
    local text = "file,label,split\nimg/1.png,a,val\nimg/2.png,b,train\nimg/3.png,a,test\nimg/4.png,c,train\n"
    local train, tests, val, none = open(text, { split = "split" })
    test.eq({ #train, #tests, #val, none }, { 2, 1, 1 })
    test.eq(tests.name, root .. "/t.csv test")
    test.eq(val.classes, { "a", "b", "c" })
    test.eq(train:label(2), 2)
    local only, nothing = open(text, { split = "split", split_value = "val" })
    test.eq({ #only, nothing }, { 1 })
    test.eq(only.classes, { "a", "b", "c" })
    local a, b = luma.dataset.open(write(text), { color = "gray" })
    test.eq({ #a, #b }, { 2, 1 })
end)

test("refusals", function()
    local path = root .. "/t.csv"
    local function fails(want, text, options)
        test.fails("luma.dataset.csv: " .. want, open, text, options)
    end
    fails(path .. ": there is no column 'label'; the table has file, class", "file,class\nimg/1.png,x\n")
    fails(path .. ": line 3 has 1 field, the header has 2", "file,label\nimg/1.png,x\nimg/2.png\n")
    fails(path .. ": line 2: there is no file " .. root .. "/img/99.png", "file,label\nimg/99.png,x\n")
    fails(path .. ": line 3: 'y' wants a number, got \"x\"", "file,y\nimg/1.png,1\nimg/1.png,x\n",
        { targets = "y" })
    fails("'label', 'labels', 'targets' and labelled=false exclude each other", "file,label\nimg/1.png,x\n",
        { label = "label", targets = "label" })
    fails("'split_value' picks parts that the column 'split' names: say split= as well",
        "file,label\nimg/1.png,x\n", { split_value = "train" })
    fails("'classes' goes with classes named in a column", "file,y\nimg/1.png,1\n",
        { targets = "y", classes = "x" })
    fails("option 'delimiter' wants one character, got \"::\"", "file,label\nimg/1.png,x\n",
        { delimiter = "::" })
    test.fails("~none.csv: No such file", luma.dataset.csv, { root .. "/none.csv" })
end)

test("skipping keeps rows in step", function()
    local ds = open("file,label,w\nimg/1.png,a,1\nimg/99.png,b,2\nimg/3.png,c,3\n",
        { on_error = "skip", weight = "w" })
    test.eq(#ds, 2)
    test.eq({ ds:label(2), ds:weight(2) }, { 2, 3 })
    test.ok(ds:image(2):equal(digits:image(3)))
    test.eq(ds.skipped[1].file, root .. "/img/99.png")
end)

os.execute(("rm -rf '%s'"):format(root))
test.done()
