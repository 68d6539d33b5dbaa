-- What pipelines 02 to 09 share: the network of 01_normalize.lua, and what to expect of it.

local nn = luma.nn
local network = {}

-- Two convolutions with pooling, two dense layers: 121,930 parameters for digits of 28 x 28 x 1.
function network.new(shape, n_classes)
    return luma.model{
        input = shape,
        nn.conv{ 32, kernel = 3, act = "relu" }, nn.maxpool{ 2 },
        nn.conv{ 64, kernel = 3, act = "relu" }, nn.maxpool{ 2 },
        nn.flatten{}, nn.dense{ 64, act = "relu" }, nn.dense{ n_classes, act = "softmax" },
    }
end

-- Trains a new network on one flow and gives its result on the other.
function network.train(args, train_flow, test_flow)
    local train = train_flow.dataset
    local model = network.new(train.shape, #train.classes)
    print(model:fit{ train_flow, epochs = args.epochs, optimizer = luma.adam{ rate = 1e-3 } })
    local result = model:evaluate(test_flow)
    print("test images: " .. tostring(result))
    return result
end

-- Expects `bound` of a whole run. A short one cannot reach that and must only be far better than
-- guessing; drawn digits have their own bound.
function network.expect(args, result, bound)
    local is_whole = args.epochs >= 5 and args.train >= 60000
    local name = is_whole and "test accuracy" or "test accuracy of a short run"
    local reachable = not is_whole and 0.5 or args.data == "digits" and 0.97 or bound
    luma.expect(name, result.accuracy, ">=", reachable)
end

return network
