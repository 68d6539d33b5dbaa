-- Centering: subtract the mean pixel, so that the numbers lie around zero.
--
-- The mean is a number learned from data, and learned from the training images only: the test images
-- stand for those to come, whose mean nobody knows. Both are then shifted by the same number.
--
--     luma run pipelines/02_center.lua

local network = require "network"
local args = luma.args{ data = "mnist", epochs = 5, batch = 64, train = 60000, test = 10000 }
local train, test = luma.dataset.open(args.data, { train = args.train, test = args.test })
local by_hand = train:stats().mean
print(("means train=%.3f, test=%.3f"):format(by_hand, test:stats().mean))

local center = luma.generator{ luma.center "feature" }:fit(train)
print(("the generator's mean %.3f"):format(center.mean))
luma.expect(center.mean == by_hand, "the generator's mean is the one computed by hand")
if args.data == "mnist" and #train == 60000 then
    luma.expect(math.abs(by_hand - 33.318421449829934) < 1e-12, "the mean of MNIST is 33.3184...")
end

-- 64 images have a mean of their own; only over all of them it is zero (but for rounding).
local some = center:flow(train, { batch = args.batch }):next()
print(("mean of one batch %.4f"):format(some:mean()))
local all = center:flow(train, { batch = #train }):next()
print(("mean of all %d images in one batch %.2e"):format(#all, all:mean()))
luma.expect("distance of the whole mean from zero", math.abs(all:mean()), "<", 2e-6)
some:close()
all:close()

local function train_on(generator)
    return network.train(args, generator:flow(train, { batch = args.batch }),
        generator:flow(test, { batch = args.batch, shuffle = false }))
end

-- Centered bytes reach from -33 to 222, a hundred times what the first weights are made for. The
-- first steps are then so violent that the network may be stuck at guessing for ever; so this result
-- is reported and nothing is expected of it.
print "\ntraining on centered bytes, -33..222"
luma.log("test accuracy on centered bytes", train_on(center).accuracy)

-- Rescaled first, then centered: the same idea in a range the network can use.
print "\ntraining on pixels rescaled to 0..1, then centered"
network.expect(args, train_on(luma.generator{ luma.rescale(1/255), luma.center "feature" }:fit(train)), 0.987)
