-- luma.keras where its golden cases do not look: options together.
local luma <const> = require "luma"
local test <const> = require "luma.test"

local K <const> = luma.keras.ImageDataGenerator
local train <const> = luma.dataset.digits{ train = 40, test = 1 }

test("a preprocessing function goes with statistics of the data", function()
    for _, range in ipairs{ 0, 10 } do
        local g = K{ featurewise_center = true, rotation_range = range,
            preprocessing_function = function(x) return x * 2 end }
        g:fit(train)
        local x = g:flow(train, { batch_size = 40, shuffle = false, seed = 1 }):next()
        if range == 0 then
            local mean = g.mean:get(1, 1, 1)
            test.near(x:mean(), 2 * train:stats().mean - mean, 1e-3)
        end
        test.eq(#x, 40)
    end
    test.fails("~there are none yet", function()
        K{ featurewise_center = true, preprocessing_function = function(x) return x end }:flow(train, {})
    end)
end)

test("one column of multi_output is a list of one", function()
    local dir = test.path()
    os.execute("mkdir " .. dir)
    luma.zeros({ 4, 4, 1 }, "u8"):save(dir .. "/a.png")
    test.write(dir .. "/t.csv", "file,u,v\na.png,2,3\n")
    local g = K{}
    local options = { x_col = "file", y_col = { "u" }, class_mode = "multi_output", target_size = { 4, 4 } }
    local _, y = g:flow_from_dataframe(dir .. "/t.csv", options):next()
    test.eq({ #y, y[1][1] }, { 1, 2.0 })
    options.y_col = { "v", "u" }
    _, y = g:flow_from_dataframe(dir .. "/t.csv", options):next()
    test.eq({ #y, y[1][1], y[2][1] }, { 2, 3.0, 2.0 })
    os.execute("rm -r " .. dir)
end)

test.done()
