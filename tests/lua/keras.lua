-- luma.keras where it meets luma's own side: what training sees, and nothing else.
local test = require "luma.test"

local set = luma.dataset.digits{ train = 60, test = 1, seed = 4 }

local function flow(options)
    options.rescale = 1/255
    return luma.keras.ImageDataGenerator(options):flow(set, { shuffle = false, batch_size = 16 })
end

local function same(x)
    return x * 1
end

test("evaluation, prediction and validation see images as they are", function()
    local nn = luma.nn
    local model = luma.model{ input = set.shape, nn.flatten{}, nn.dense{ 10, act = "softmax" } }
    local plain = flow{}
    for _, preprocess in ipairs { false, same } do
        local random = flow{ rotation_range = 90, preprocessing_function = preprocess or nil }
        test.ok(not random:next():equal((plain:get(1))), "a batch is not changed")
        test.eq(model:evaluate(random).loss, model:evaluate(plain).loss)
        test.ok(model:predict(random):equal(model:predict(plain)))
        local history = model:fit{ flow{ rotation_range = 90 }, validate = random, progress = false }
        test.eq(history.val_loss[1], model:evaluate(plain).loss)
    end
end)

test("brightness refuses floats of 0..1, which 8 bits would make black", function()
    local unit = (flow{}:next())
    local g = luma.keras.ImageDataGenerator{ brightness_range = { 0.5, 1.5 }, featurewise_center = true }
    for _, x in ipairs { unit, luma.dataset.tensor{ images = unit } } do
        for _, call in ipairs { function() g:flow(x) end, function() g:fit(x, { augment = true }) end } do
            local ok, err = pcall(call)
            test.ok(not ok and tostring(err):find "would turn black", tostring(err))
        end
    end
    g:fit(unit)
    g:flow(unit * 255)
    g:flow(unit - 0.5)
end)

test.done()
