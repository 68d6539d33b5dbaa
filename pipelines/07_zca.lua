-- Whitening: after it no pixel can be told from its neighbours, and all are equally strong.
--
-- Neighbouring pixels of a picture are nearly the same; ZCA turns and stretches the images so that the
-- pixels become uncorrelated, yet stay in their places: strokes become their edges. The matrix is
-- learned from the training images. A small epsilon whitens fully, and blows up the noise of pixels that
-- hardly ever change; a large one leaves such directions weak, which is what one trains on.
--
--     luma run pipelines/07_zca.lua out=whitened.png

local network, sheet = require "network", require "sheet"
local args = luma.args{ data = "mnist", epochs = 3, batch = 64, train = 20000, test = 10000, out = "build/zca.png" }
local train, test = luma.dataset.open(args.data, { train = args.train, test = args.test })

local function whitening(zca)
    return luma.generator{ luma.rescale(1/255), luma.center{ "feature", axis = "pixel" }, zca }:fit(train)
end

local ways = {
    { "before", luma.generator{ luma.rescale(1/255) }, -1, 1 },
    { "fully whitened", whitening(luma.zca{ epsilon = 1e-6 }), -3, 3 },
    { "whitened, epsilon 0.1 beside the variances", whitening(luma.zca{ epsilon = 0.1, convention = "eigen" }), -2, 2 },
}
print(("%d of %d directions are in the images"):format(ways[2][2][3].rank, #ways[2][2][3]))

-- The largest |correlation| of any two of the 36 pixels in the middle.
local function likeness(generator)
    local all <close> = generator:flow(train, { batch = #train, shuffle = false }):next()
    local columns = all:reshape{ #train, 784 }:permute{ 2, 1 }
    local pixels, largest = {}, 0
    for y = 12, 17 do
        for x = 12, 17 do
            local pixel = columns[(y - 1) * 28 + x]
            pixel = (pixel - pixel:mean()) / pixel:std()
            for _, other in ipairs(pixels) do
                largest = math.max(largest, math.abs((pixel * other):mean()))
            end
            pixels[#pixels + 1] = pixel
        end
    end
    return largest
end

local page = sheet.new{ rows = #ways, columns = 16, shape = train.shape }
for row, way in ipairs(ways) do
    local name, generator, low, high = table.unpack(way)
    way.likeness = likeness(generator)
    print(("%-44s largest correlation %.2g"):format(name, way.likeness))
    local batch = generator:flow(train, { batch = 16, shuffle = false }):next()
    for i = 1, #batch do
        page:put(row, i, batch[i], low, high)
    end
end
page:save(args.out)
luma.expect("largest correlation of two pixels before", ways[1].likeness, ">", 0.5)
luma.expect("largest correlation of two pixels, fully whitened", ways[2].likeness, "<", 1e-4)

local whitened = ways[3][2]
print(whitened:explain())
local result = network.train(args, whitened:flow(train, { batch = args.batch }),
    whitened:flow(test, { batch = args.batch, shuffle = false }))

-- A whole run here is a third of MNIST; a short one must only be far better than guessing.
local is_whole = args.epochs >= 3 and args.train >= 20000
luma.expect("test accuracy on whitened images", result.accuracy, ">=", is_whole and 0.97 or 0.5)
