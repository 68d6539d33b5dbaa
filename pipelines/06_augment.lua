-- Augmentation: every epoch shows the network each image in another pose, so that few images do for many.
--
-- First a contact sheet, a row an augmentation: the image as it is, then as the first epochs would show
-- it. Then two networks learn from the same few digits, one of them from changed ones. Test images are
-- never changed: a flow's changes are seen by training alone.
--
--     luma run pipelines/06_augment.lua out=sheet.png

local network, sheet = require "network", require "sheet"
local args = luma.args{ data = "mnist", epochs = 20, batch = 32, train = 3000, test = 10000, out = "build/augment.png" }

-- The sheet's digit has colours, or hue and saturation would have nothing to change.
local colored = luma.dataset.digits{ color = true, train = 16, test = 1, seed = 3 }
local kinds = {
    luma.rotate(30), luma.shift{ height = 0.2 }, luma.shift{ width = 0.2, fill = "reflect" }, luma.shear(30),
    luma.zoom{ 0.7, 1.4, fill = "constant" }, luma.flip "horizontal", luma.flip "vertical", luma.crop{ pad = 6 },
    luma.crop{ scale = { 0.4, 1 } }, luma.brightness{ 0.4, 1.6 }, luma.contrast(0.7), luma.channel_shift(80),
    luma.hue(180), luma.saturation{ 0, 3 }, luma.noise(30), luma.erase{ p = 1 },
    luma.one_of{ luma.rotate(45), luma.noise(40) }, luma.sometimes(0.5, luma.flip "vertical", luma.hue(90)),
    luma.mixup(1),
}
local page = sheet.new{ rows = #kinds, columns = 12, shape = colored.shape }
for row, kind in ipairs(kinds) do
    print(("row %2d: %s"):format(row, kind))
    local changed = luma.generator{}:augment{ kind }
    page:put(row, 1, colored:image(1))
    for epoch = 1, 11 do
        page:put(row, epoch + 1, select(3, changed:replay(colored, 1, epoch, { seed = 100 + row })))
    end
end
page:save(args.out)

local train, test = luma.dataset.open(args.data, { train = args.train, test = args.test })
local scale = luma.generator{ luma.rescale(1/255) }
local poses = scale:augment{ luma.rotate(10), luma.shift{ height = 0.08, width = 0.08 }, luma.zoom{ 0.9, 1.1 } }
print(poses:explain())

local function train_on(generator)
    return network.train(args, generator:flow(train, { batch = args.batch }),
        scale:flow(test, { batch = args.batch, shuffle = false }))
end

print(("\ntraining on %d images as they are"):format(#train))
local plain = train_on(scale)
luma.log("test accuracy without augmentation", plain.accuracy)
print "\ntraining on them in new poses every epoch"
local augmented = train_on(poses)

-- Poses are more to learn: it takes some epochs until they pay.
if args.epochs >= 20 and args.train >= 3000 then
    luma.expect("test accuracy with augmentation", augmented.accuracy, ">=", 0.975)
    luma.expect("images gained by augmentation", augmented.correct - plain.correct, ">", 0)
else
    luma.expect("test accuracy of a short run with augmentation", augmented.accuracy, ">=", 0.3)
end
