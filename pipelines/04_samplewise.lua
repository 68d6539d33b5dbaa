-- Sample by sample: every image is centered, or standardized, by its own numbers.
--
-- Nothing is learned from the training set, so there is nothing to fit and nothing that could leak
-- from the test images. A faint digit and a bold one come out equally strong.
--
--     luma run pipelines/04_samplewise.lua

local network = require "network"
local args = luma.args{ data = "mnist", epochs = 5, batch = 64, train = 60000, test = 10000 }
local train, test = luma.dataset.open(args.data, { train = args.train, test = args.test })

local center = luma.generator{ luma.center "sample" }
local x = center:flow(train, { batch = args.batch, shuffle = false }):next()
local raw = train:image(1)
print(("first image: mean %.3f, centered %.2e"):format(raw:mean(), x[1]:mean()))
luma.expect("largest mean of a centered image", math.abs(x[1]:mean()), "<", 1e-4)

local standardize = luma.generator{ luma.standardize "sample" }
x = standardize:flow(train, { batch = args.batch, shuffle = false }):next()
local worst_mean, worst_std = 0, 0
for i = 1, #x do
    worst_mean = math.max(worst_mean, math.abs(x[i]:mean()))
    worst_std = math.max(worst_std, math.abs(x[i]:std() - 1))
end
print(("standardized images of a batch: |mean| up to %.1e, |std - 1| up to %.1e"):format(worst_mean, worst_std))
luma.expect("largest mean of a standardized image", worst_mean, "<", 1e-5)
luma.expect("largest distance of its std from 1", worst_std, "<", 1e-5)
print(standardize:explain())

local result = network.train(args, standardize:flow(train, { batch = args.batch }),
    standardize:flow(test, { batch = args.batch, shuffle = false }))
network.expect(args, result, 0.987)
