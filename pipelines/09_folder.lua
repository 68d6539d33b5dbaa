-- Your own pictures: a folder a class, as image files.
--
-- Without such a folder the script makes one of drawn digits, with few of some digits, as it is with
-- pictures one collects. Weights make up for that: an image of a rare class counts for more, so that all
-- classes count the same. The split keeps each class' share in both parts. A folder that is there
-- already is only read: yours may hold any classes and sizes.
--
--     luma run pipelines/09_folder.lua
--     luma run pipelines/09_folder.lua folder=photos

local network = require "network"
local args = luma.args{ folder = "build/digits", data = "digits", epochs = 8, batch = 32, train = 3000, test = 1000 }

-- Writes root/<class>/<number>.png, 8 and 9 one time in four.
local function write(root)
    local drawn = luma.dataset.open(args.data, { train = args.train, test = args.test })
    for _, class in ipairs(drawn.classes) do
        assert(os.execute(("mkdir -p '%s/%s'"):format(root:gsub("'", "'\\''"), class)))
    end
    local n = 0
    for i = 1, #drawn do
        local label = drawn:label(i)
        if label < 8 or i % 4 == 0 then
            n = n + 1
            drawn:image(i):save(("%s/%s/%05d.png"):format(root, drawn.classes[label + 1], i))
        end
    end
    print(("%s: wrote %d images"):format(root, n))
end

local there = io.open(args.folder)
if there then
    there:close()
else
    write(args.folder)
end

local all = luma.dataset.folder{ args.folder, size = { 28, 28 }, color = "gray", cache = "memory" }
local train, test = all:split{ 0.8, seed = 1 }
local in_train, in_test = train:counts(), test:counts()
local uneven = 0
for k, n in ipairs(all:counts()) do
    uneven = math.max(uneven, math.abs(in_test[k] - 0.2 * n))
    print(("%-12s %5d images, %4d to train, %4d to test"):format(all.classes[k], n, in_train[k], in_test[k]))
end
luma.expect("images a class is off its share of the split", uneven, "<=", 1)

local balanced = train:weights "balanced"
local sums = luma.zeros({ #train.classes }, "f64")
for i = 1, #balanced do
    local place = balanced:label(i) + 1
    sums[place] = sums[place] + balanced:weight(i)
end
print(("weights of a class' images add up to %.3f .. %.3f"):format(sums:min(), sums:max()))
luma.expect("difference of the classes' weights", sums:max() - sums:min(), "<", 1e-2)

local scale = luma.generator{ luma.rescale(1/255) }
local poses = scale:augment{ luma.rotate(10), luma.shift{ height = 0.08, width = 0.08 }, luma.zoom{ 0.9, 1.1 } }
local result = network.train(args, poses:flow(balanced, { batch = args.batch }),
    scale:flow(test, { batch = args.batch, shuffle = false }))
local right = 0
for k = 1, #test.classes do
    right = right + result.confusion:get(k, k) / in_test[k] / #test.classes
end
luma.log("accuracy as a mean over classes", right)
-- Nothing is known of other folders but that guessing is right once in as many times as there are classes.
local is_ours = args.folder == "build/digits" and args.epochs >= 8 and #train >= 2000
luma.expect("test accuracy", result.accuracy, ">=", is_ours and 0.95 or 2 / #test.classes)
