local test = require "luma.test"

-- n images 1 x 2 whose pixels are the image's number, label number % 3.
local function numbered(n)
    local images, labels = luma.zeros({ n, 1, 2 }, "u8"), luma.zeros({ n }, "u8")
    for i = 1, n do
        images:set(i, 1, 1, i)
        labels[i] = i % 3
    end
    return luma.dataset.tensor { images = images, labels = labels, name = "numbered", classes = { "x", "y", "z" } }
end

local function numbers(ds)
    local list = {}
    for i = 1, #ds do
        list[i] = ds:image(i):get(1, 1, 1)
    end
    return list
end

local function set_of(ds)
    local set = {}
    for _, number in ipairs(numbers(ds)) do
        test.ok(not set[number], "twice")
        set[number] = true
    end
    return set
end

local ds = numbered(60)

test("folds: each image in one, classes even", function()
    local seen = {}
    local folds = ds:kfold { 5, seed = 3 }
    test.eq(#folds, 5)
    for k, fold in ipairs(folds) do
        local train, validation = fold[1], fold[2]
        test.eq({ #train, #validation }, { 48, 12 })
        test.eq(validation:counts(), { 4, 4, 4 })
        test.eq(validation.name, ("numbered, fold %d of 5"):format(k))
        local inside = set_of(train)
        for number in pairs(set_of(validation)) do
            test.ok(not inside[number] and not seen[number])
            seen[number] = true
        end
    end
    test.eq(numbers(ds:kfold({ 5, seed = 3 })[2][2]), numbers(folds[2][2]))
    test.ok(ds:kfold({ 5, seed = 4 })[1][2]:image(1) ~= nil)
end)

test("groups by a list, a tensor, a function", function()
    local list, tensor = {}, luma.zeros({ 60 }, "i32")
    for i = 1, 60 do
        list[i] = "patient " .. (i - 1) // 4
        tensor[i] = (i - 1) // 4
    end
    local by_list, rest = ds:split { 0.75, seed = 1, key = list }
    test.near(#by_list, 45, 3)
    test.eq(#by_list + #rest, 60)
    local side = {}
    for part, set in ipairs { by_list, rest } do
        for _, number in ipairs(numbers(set)) do
            local group = (number - 1) // 4
            test.ok(side[group] == nil or side[group] == part, "a group on both sides")
            side[group] = part
        end
    end
    test.eq(numbers(ds:split { 0.75, seed = 1, key = tensor }), numbers(by_list))
    local asked = {}
    local by_function = ds:split { 0.75, seed = 1, key = function(i, file)
        asked[i] = file == nil
        return i <= 4 and true or (i - 1) // 4
    end }
    test.eq(numbers(by_function), numbers(by_list))
    test.eq(#asked, 60)
    for _, fold in ipairs(ds:kfold { 3, key = list }) do
        test.near(#fold[2], 20, 4)
    end
end)

test("groups by files", function()
    local root = test.path()
    for _, class in ipairs { "a", "b" } do
        for video = 1, 4 do
            assert(os.execute(("mkdir -p '%s/%s/v%d'"):format(root, class, video)))
            for i = 1, 3 do
                luma.zeros({ 2, 2 }, "u8"):save(("%s/%s/v%d/s%d-%d.png"):format(root, class, video, video % 2, i))
            end
        end
    end
    local set = luma.dataset.folder { root, color = "gray" }
    local function check(key, pattern)
        local first, second = set:split { 0.5, key = key }
        local side = {}
        for part, half in ipairs { first, second } do
            test.eq(#half, 12)
            for _, file in ipairs(half.files) do
                local group = file:match(pattern)
                test.ok(side[group] == nil or side[group] == part)
                side[group] = part
            end
        end
    end
    check("folder", "^(.*)/")
    check("/(s%d)%-", "/(s%d)%-")
    test.fails("dataset:split: the pattern \"x(%d)\" of key= finds nothing in " .. set:file(1),
        function() set:split { 0.5, key = "x(%d)" } end)
    os.execute(("rm -rf '%s'"):format(root))
end)

test("odd keys are refused", function()
    local function fails(want, key)
        test.fails(want, function() ds:split { 0.5, key = key } end)
    end
    fails("dataset:split: option 'key' wants one group for each of the 60 images, got 2", { 1, 2 })
    fails("dataset:split: option 'key' wants a list or tensor of one group an image, a function, \"folder\" or a "
        .. "pattern, got 3", 3)
    fails("dataset:split: the images of 'numbered' are not files of their own, so key= cannot go by names; give "
        .. "a list of groups", "folder")
    fails("dataset:split: the group of image 1 wants a number or a string, got nil", function() end)
    fails("dataset:split: 'numbered' has 1 group of images that must stay together, fewer than the 2 parts",
        function() return 1 end)
    fails("~stop here", function() error "stop here" end)
    test.fails("dataset:kfold: argument 1 (parts) wants a table like { 5, seed=7 }, got 5", ds.kfold, ds, 5)
    test.fails("dataset:kfold: the number of folds wants an integer from 2 to 1000, got 1",
        function() ds:kfold { 1 } end)
    test.fails("dataset:kfold: class 'x' of 'numbered' has 20 images, fewer than the 21 folds; filter the class "
        .. "out, take fewer folds or say stratify=false", function() ds:kfold { 21 } end)
    test.eq(#ds:kfold { 21, stratify = false }, 21)
end)

test("weights", function()
    local few = ds:filter { "x", "y" }:range(1, 30)
    test.eq(few:counts(), { 15, 15, 0 })
    local balanced = numbered(7):weights "balanced" -- 2, 3 and 2 images
    test.near(balanced:weight(3), 7 / (3 * 2), 1e-6)
    test.near(balanced:weight(1), 7 / (3 * 3), 1e-6)
    test.eq(few:weights("balanced"):weight(1), 1)
    test.eq(ds:weight(1), 1)
    local by_class = ds:weights { y = 2.5 }
    test.eq({ by_class:weight(1), by_class:weight(2), by_class:weight(3) }, { 2.5, 1, 1 })
    test.ok(tostring(by_class):find "3 classes, weighted")
    local list = {}
    for i = 1, 60 do list[i] = i end
    local weighted = ds:weights(list)
    test.eq(weighted:weight(60), 60)
    test.eq(ds:weights(luma.tensor(list, "f32")):weight(7), 7)
    -- They follow their images.
    for _, part in ipairs { weighted:split { 0.3, seed = 9 }, weighted:filter { 2 }, weighted:range(9, 20) } do
        for i = 1, #part do
            test.eq(part:weight(i), part:image(i):get(1, 1, 1) + 0.0)
        end
    end
end)

test("odd weights are refused", function()
    local function fails(want, weights)
        test.fails("dataset:weights: " .. want, function() ds:weights(weights) end)
    end
    fails("argument 1 (weights) wants \"balanced\", a list or tensor of numbers, or numbers by class name, "
        .. "got \"equal\"", "equal")
    fails("wants a number for each of the 60 images, or numbers by the names of classes, as in { cat=2 }",
        { 1, 2 })
    fails("wants a number for each of the 60 images, got 2", luma.tensor { 1, 2 })
    fails("'numbered' has no class named 'wolf'", { wolf = 1 })
    fails("the weight of class 'x' wants a number of at least 0, got -1", { x = -1 })
    fails("all weights of 'numbered' are 0: nothing would count", { x = 0, y = 0, z = 0 })
    local bare = luma.dataset.tensor { images = luma.zeros({ 3, 2, 2 }, "u8"), name = "bare" }
    test.fails("dataset:weights: 'bare' has no labels, so its classes cannot be balanced",
        function() bare:weights "balanced" end)
    test.eq(bare:weights({ 1, 2, 3 }):weight(3), 3)
end)

test.done()
