-- Normalizing: pixels from 0..255 to 0..1, just in time.
--
-- A network learns best from small numbers, but image files hold bytes. Scaling the whole set at once
-- would turn 47 MB into 188 MB of floats. Here the images stay bytes, and a generator scales each
-- batch at the moment the network asks for it.
--
--     luma run pipelines/01_normalize.lua
--     luma run pipelines/01_normalize.lua data=digits epochs=1 train=10000

local args = luma.args{ data = "mnist", epochs = 5, batch = 64, train = 60000, test = 10000 }
local train, test = luma.dataset.open(args.data, { train = args.train, test = args.test })

for _, set in ipairs{ train, test } do
    local pixels = set:stats()
    print(set, ("pixels %d..%d"):format(pixels.min, pixels.max))
    luma.expect(pixels.min == 0 and pixels.max == 255, "the bytes of %s reach from 0 to 255", set.name)
end

-- The generator says what happens to a pixel, a flow which images come in which batches.
local scale = luma.generator{ luma.rescale(1/255) }
local train_flow = scale:flow(train, { batch = args.batch })
local test_flow = scale:flow(test, { batch = args.batch, shuffle = false })
print(("batches train=%d, test=%d"):format(#train_flow, #test_flow))

local x = train_flow:next()
print(("first batch %s, min=%.3f, max=%.3f"):format(x, x:min(), x:max()))
luma.expect(x:min() == 0 and x:max() == 1, "scaled pixels reach from 0 to 1")

-- Two convolutions find strokes and their combinations, two dense layers decide on the digit.
local nn = luma.nn
local model = luma.model{
    input = { 28, 28, 1 },
    nn.conv{ 32, kernel = 3, act = "relu" }, nn.maxpool{ 2 },
    nn.conv{ 64, kernel = 3, act = "relu" }, nn.maxpool{ 2 },
    nn.flatten{}, nn.dense{ 64, act = "relu" }, nn.dense{ 10, act = "softmax" },
}
print(model:summary())
luma.expect("parameters", model.params, "==", 121930)

local history = model:fit{ train_flow, epochs = args.epochs, optimizer = luma.adam{ rate = 1e-3 } }
print(history)
local result = model:evaluate(test_flow)
print("test images: " .. tostring(result))

-- A short run cannot reach what the whole one does; it must only be far better than guessing (10 %).
local is_whole = args.epochs >= 5 and args.train >= 60000
local bound = not is_whole and 0.5 or args.data == "mnist" and 0.987 or 0.97
luma.expect(is_whole and "test accuracy" or "test accuracy of a short run", result.accuracy, ">=", bound)
