-- The same network on other pictures: shirts, shoes and bags instead of digits.
--
-- Fashion-MNIST has MNIST's form, so nothing changes but the name; it is harder, and the confusion
-- table shows what is taken for what. `make fashion_mnist` fetches it.
--
--     luma run pipelines/05_fashion.lua

local network = require "network"
local args = luma.args{ data = "fashion_mnist", epochs = 5, batch = 64, train = 60000, test = 10000 }
local train, test = luma.dataset.open(args.data, { train = args.train, test = args.test })
print(train)
print(test)

local scale = luma.generator{ luma.rescale(1/255) }
local result = network.train(args, scale:flow(train, { batch = args.batch }),
    scale:flow(test, { batch = args.batch, shuffle = false }))

-- Row: what the picture is. Column: what the network took it for.
local header = { (" "):rep(12) }
for j = 1, #test.classes do
    header[#header + 1] = ("%5d"):format(j - 1)
end
print(table.concat(header))
for i, class in ipairs(test.classes) do
    local row = { ("%2d %-9.9s"):format(i - 1, class) }
    for j = 1, #test.classes do
        row[#row + 1] = ("%5d"):format(result.confusion:get(i, j))
    end
    print(table.concat(row))
end
luma.expect("images in the confusion table", result.confusion:sum(), "==", #test)
network.expect(args, result, 0.88)
