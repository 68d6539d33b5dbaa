local test = require "luma.test"

local digits = luma.dataset.digits { train = 40, test = 5, color = true, seed = 2 }
local root = test.path()

local function shell(text, ...)
    assert(os.execute(text:format(...)), text)
end

-- n images in each of the folders named; the k-th image of all is digits:image(k).
local function make(name, classes, n)
    local dir = root .. "/" .. name
    for k, class in ipairs(classes) do
        shell("mkdir -p '%s/%s'", dir, class)
        for i = 1, n do
            digits:image((k - 1) * n + i):save(("%s/%s/%02d.png"):format(dir, class, i))
        end
    end
    return dir
end

local function names(files)
    local list = {}
    for i, file in ipairs(files) do
        list[i] = file:sub(#root + 2)
    end
    return list
end

test("classes, files and pixels", function()
    local dir = make("plain", { "b", "a/deep", "c" }, 3)
    shell("touch '%s/a/notes.txt' '%s/.x.png' '%s/b/mypng'", dir, dir, dir)
    local ds = luma.dataset.folder { dir }
    test.eq(tostring(ds), dir .. ": 9 images 32x32x3 u8, 3 classes, 3 other files ignored")
    test.eq(ds.classes, { "a", "b", "c" })
    test.eq(ds.ignored, 3)
    test.eq(ds.skipped, {})
    test.eq(names { ds:file(1), ds:file(9) }, { "plain/a/deep/01.png", "plain/c/03.png" })
    test.eq(names(ds.files)[4], "plain/b/01.png")
    test.eq({ ds:label(3), ds:label(4), ds:label(9) }, { 0, 1, 2 })
    test.eq(ds:counts(), { 3, 3, 3 })
    test.ok(ds:image(1):equal(digits:image(4)))
    test.ok(ds:image(4):equal(digits:image(1)))
    test.eq(luma.dataset.folder({ dir, name = "mine" }).name, "mine")
end)

test("sizes and colours", function()
    local dir = make("sizes", { "x" }, 2)
    local gray = luma.dataset.folder { dir, size = { 16, 20 }, color = "gray", resize = "nearest" }
    test.eq(gray.shape, { 16, 20, 1 })
    test.eq(luma.dataset.folder({ dir, size = 8, color = "rgba" }).shape, { 8, 8, 4 })
    local cached = luma.dataset.folder { dir, size = { 16, 20 }, color = "gray", resize = "nearest",
        cache = "memory" }
    test.ok(cached:image(2):equal(gray:image(2)))
    luma.zeros({ 4, 5, 3 }, "u8"):save(dir .. "/x/99.png")
    test.fails(("luma.dataset.folder: %s/x/99.png is 4x5, but %s/x/01.png is 32x32; say size={height, "
        .. "width} to resize all"):format(dir, dir), luma.dataset.folder, { dir })
end)

test("chosen classes keep their order", function()
    local dir = make("chosen", { "cat", "dog", "emu" }, 2)
    test.eq(luma.dataset.folder({ dir, classes = { "emu", "cat" } }).classes, { "emu", "cat" })
    test.eq(luma.dataset.folder({ dir, classes = "dog" }).classes, { "dog" })
    test.fails(("luma.dataset.folder: class 'cat' is named twice, as number 1 and 3"),
        luma.dataset.folder, { dir, classes = { "cat", "dog", "cat" } })
    test.fails(("luma.dataset.folder: there is no class folder 'cow' in %s; it has cat, dog, emu"):format(dir),
        luma.dataset.folder, { dir, classes = { "cow" } })
    test.fails("luma.dataset.folder: option 'classes' wants a string or a list of strings, got a table",
        luma.dataset.folder, { dir, classes = {} })
    test.fails("~option 'classes' wants a string or a list of strings, got a table",
        luma.dataset.folder, { dir, classes = { "cat", 3 } })
    shell("mkdir '%s/void'", dir)
    test.fails(("luma.dataset.folder: class folder %s/void holds no image (0 other files): remove it, or name "
        .. "the classes that count in classes={...}"):format(dir), luma.dataset.folder, { dir })
end)

test("arguments", function()
    local folder = luma.dataset.folder
    test.fails("luma.dataset.folder: wants the path of a folder in a table { ... }, got \"x\"", folder, "x")
    test.fails("luma.dataset.folder: wants the path of a folder, got 0 list items", folder, { size = 3 })
    test.fails("luma.dataset.folder: the path wants a string, got 3", folder, { 3 })
    test.fails("luma.dataset.folder: option 'color' wants \"gray\", \"rgb\" or \"rgba\", got \"grey\"; did you "
        .. "mean \"gray\"?", folder, { root, color = "grey" })
    test.fails("luma.dataset.folder: option 'size' wants an integer from 1 to 65535, or {rows, columns}, got 0",
        folder, { root, size = 0 })
    test.fails("~unknown option 'target_size'", folder, { root, target_size = 3 })
    local err = test.fails("~no%-such: No such file", folder, { root .. "/no-such" })
    test.eq(err.code, "ENOTFOUND")
end)

test("damage: stop names the file, skip lists it", function()
    local dir = make("damage", { "x", "y" }, 4)
    test.write(dir .. "/x/00.png", "")
    test.write(dir .. "/y/03.png", "<html>")
    local read = luma.dataset.folder { dir, size = 32 }
    test.eq(#read, 9)
    test.fails(("dataset:image: image 1 of '%s': %s/x/00.png: not an image (PNG, JPEG, BMP, GIF, TGA or PNM): "
        .. "it is an empty file"):format(dir, dir), function() read:image(1) end)
    test.fails("~x/00.png: not an image", luma.dataset.folder, { dir })
    local ds = luma.dataset.folder { dir, on_error = "skip" }
    test.eq(#ds, 7)
    test.eq(names { ds.skipped[1].file, ds.skipped[2].file }, { "damage/x/00.png", "damage/y/03.png" })
    test.ok(ds.skipped[1].reason:find "empty file")
    test.ok(tostring(ds):find "7 images 32x32x3 u8, 2 classes, 2 skipped")
    test.ok(ds:image(7):equal(digits:image(8)))
    local train, valid = ds:split { 0.5 }
    test.eq(#train.skipped, 2)
    test.eq(#luma.generator {}:flow(valid).skipped, 2)
end)

test("a flow names the file that broke", function()
    local dir = make("later", { "x" }, 6)
    local ds = luma.dataset.folder { dir }
    assert(os.remove(dir .. "/x/04.png"))
    for workers = 0, 2 do
        local flow = luma.generator { luma.rescale(1 / 255) }:flow(ds, { batch = 2, shuffle = false,
            workers = workers })
        test.fails("~image 4 of '.*': cannot open .*later/x/04.png: No such file", function()
            for _ in flow:batches() do end
        end)
    end
end)

test("flows give the same batches whoever decodes", function()
    local dir = make("flows", { "x", "y" }, 10)
    local digest
    for _, cache in ipairs { "none", "memory" } do
        local ds = luma.dataset.folder { dir, size = { 20, 24 }, cache = cache }
        local g = luma.generator { luma.standardize { "feature", axis = "channel" } }:fit(ds)
        for workers = 0, 3 do
            local all = {}
            for x, y in g:flow(ds, { batch = 7, workers = workers, seed = 4 }):batches() do
                all[#all + 1] = x:sha256() .. y:sha256()
            end
            digest = digest or table.concat(all)
            test.eq(table.concat(all), digest)
        end
    end
end)

test("the cache keeps within the budget", function()
    local dir = make("budget", { "x" }, 2)
    test.eq(#luma.dataset.folder { dir, size = 400, cache = "memory", budget = 1 }, 2)
    local err = test.fails("luma.dataset.folder: a cache of 2 images 500x500x3 takes 1.5 MB, more than the "
        .. "budget of 1.0 MB; raise budget=, make size= smaller or do without cache=\"memory\"",
        luma.dataset.folder, { dir, size = 500, cache = "memory", budget = 1 })
    test.eq(err.code, "EMEM")
end)

test("links", function()
    local dir = make("links", { "x" }, 2)
    shell("ln -s .. '%s/x/up'; ln -s 01.png '%s/x/03.png'; ln -s x '%s/y'", dir, dir, dir)
    local ds = luma.dataset.folder { dir }
    test.eq({ #ds, ds.ignored, #ds.classes }, { 2, 3, 1 })
    ds = luma.dataset.folder { dir, follow_links = true }
    test.eq({ #ds, #ds.classes }, { 6, 2 })
end)

test("open: folders of training and test images", function()
    local dir = make("parts", { "train/x", "train/y", "test/x", "test/y" }, 3)
    local train, tests = luma.dataset.open(dir, { train = 4, size = { 8, 9 }, color = "gray" })
    test.eq({ #train, #tests }, { 4, 6 })
    test.eq(tests.shape, { 8, 9, 1 })
    test.fails("~holds neither the four files of an MNIST%-like set", luma.dataset.open, root .. "/links")
end)

shell("rm -rf '%s'", root)
test.done()
