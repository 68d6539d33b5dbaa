-- Standardizing: subtract the mean, divide by the standard deviation.
--
-- Pixels then have mean 0 and deviation 1, whatever range the file had. Again both numbers come from
-- the training images alone, and the test images are scaled by the same two.
--
--     luma run pipelines/03_standardize.lua

local network = require "network"
local args = luma.args{ data = "mnist", epochs = 5, batch = 64, train = 60000, test = 10000 }
local train, test = luma.dataset.open(args.data, { train = args.train, test = args.test })
for _, set in ipairs{ train, test } do
    local pixels = set:stats()
    print(("%s: mean %.3f, std %.3f"):format(set.name, pixels.mean, pixels.std))
end

local standardize = luma.generator{ luma.standardize "feature" }:fit(train)
print(("the generator's mean %.3f, std %.3f"):format(standardize.mean, standardize.std))
local pixels = train:stats()
luma.expect(standardize.mean == pixels.mean and standardize.std == pixels.std,
    "the generator holds the training images' own mean and std")
if args.data == "mnist" and #train == 60000 then
    luma.expect(("%.3f %.3f"):format(pixels.mean, pixels.std) == "33.318 78.567",
        "MNIST has mean 33.318 and std 78.567")
end

-- A batch comes close to 0 and 1; all images together hit them but for rounding.
local some = standardize:flow(train, { batch = args.batch }):next()
print(("one batch: mean %.4f, std %.4f"):format(some:mean(), some:std()))
local all = standardize:flow(train, { batch = #train }):next()
print(("all %d images in one batch: mean %.2e, std %.9f"):format(#all, all:mean(), all:std()))
luma.expect("distance of the whole mean from 0", math.abs(all:mean()), "<", 1e-6)
luma.expect("distance of the whole std from 1", math.abs(all:std() - 1), "<", 1e-6)
some:close()
all:close()

local result = network.train(args, standardize:flow(train, { batch = args.batch }),
    standardize:flow(test, { batch = args.batch, shuffle = false }))
network.expect(args, result, 0.987)
