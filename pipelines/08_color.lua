-- Colour: one mean and deviation for all numbers, or one a channel?
--
-- Where red, green and blue have different means and deviations, one pair of numbers for all leaves
-- them different, a pair a channel brings each to mean 0 and deviation 1. Which one trains better is to
-- be seen: both ways on drawn digits in colour, whose channels are nearly alike, so that it matters
-- little, and on CIFAR-10 where its files are, whose blue is darker and varies more than its green.
--
--     luma run pipelines/08_color.lua
--     luma run pipelines/08_color.lua data=digits

local network = require "network"
local args = luma.args{ data = "all", epochs = 3, batch = 64, train = 5000, test = 2000 }

local sets = {}
if args.data == "all" or args.data == "digits" then
    sets[1] = { luma.dataset.digits{ color = true, train = args.train, test = args.test } }
end
if args.data == "all" or args.data == "cifar10" then
    local ok, train, test = pcall(luma.dataset.open, "cifar10", { train = args.train, test = args.test })
    if ok then
        sets[#sets + 1] = { train, test }
    elseif args.data == "cifar10" or train.code ~= "ENOTFOUND" then
        error(train, 0)
    else
        print(("without CIFAR-10: %s\n"):format(train))
    end
end
luma.expect(#sets > 0, "there is a data set called %s", args.data)

-- Mean and deviation of every channel of all the images, scaled.
local function channels(generator, set)
    local text, worst = {}, 0
    local all <close> = generator:flow(set, { batch = #set, shuffle = false }):next()
    local stats = luma.stats{ axis = "channel" }:add(all)
    for c = 1, set.shape[3] do
        local mean, std = stats.mean:get(c), stats.std:get(c)
        text[c] = ("%7.4f %.4f"):format(mean, std)
        worst = math.max(worst, math.abs(mean), math.abs(std - 1))
    end
    print("    mean, std of a channel: " .. table.concat(text, " |"))
    return worst
end

for _, set in ipairs(sets) do
    local train, test = table.unpack(set)
    print(train)
    for _, axis in ipairs{ "all", "channel" } do
        print(("\nstandardized with axis=%q"):format(axis))
        local generator = luma.generator{ luma.standardize{ "feature", axis = axis } }:fit(train)
        local worst = channels(generator, train)
        if axis == "channel" then
            luma.expect("largest distance of a channel from mean 0, std 1", worst, "<", 1e-4)
        else
            luma.expect("what one pair of numbers leaves of it", worst, ">", 1e-3)
        end
        local result = network.train(args, generator:flow(train, { batch = args.batch }),
            generator:flow(test, { batch = args.batch, shuffle = false }))
        -- Guessing gives 0.1, and so short a run cannot tell more than that something is learned.
        luma.expect(("test accuracy, axis=%s"):format(axis), result.accuracy, ">=", 0.2)
    end
end
