-- How well the walkthrough's network learns MNIST: accuracy on the test images, for images rescaled and
-- standardized, from several seeds. No test of `make test`: ten runs take minutes.
--
--     luma run tests/accuracy.lua seeds=5 epochs=5 least=0.987

local args = luma.args{ data = "mnist", seeds = 5, epochs = 5, least = 0.987 }
local train, test = luma.dataset.open(args.data)
local nn = luma.nn

local function accuracy(scale, seed)
    local model = luma.model{
        input = train.shape, seed = seed,
        nn.conv{ 32, kernel = 3, act = "relu" }, nn.maxpool{ 2 },
        nn.conv{ 64, kernel = 3, act = "relu" }, nn.maxpool{ 2 },
        nn.flatten{}, nn.dense{ 64, act = "relu" }, nn.dense{ #train.classes, act = "softmax" },
    }
    model:fit{ scale:flow(train, { seed = seed }), epochs = args.epochs }
    return model:evaluate(scale:flow(test, { shuffle = false })).accuracy
end

local scales = {
    { "rescaled", luma.generator{ luma.rescale(1/255) } },
    { "standardized", luma.generator{ luma.standardize "feature" }:fit(train) },
}
local passed, failed = 0, 0
for seed = 1, args.seeds do
    for _, scale in ipairs(scales) do
        local reached = accuracy(scale[2], seed)
        local is_enough = luma.expect(("accuracy %s, seed %d"):format(scale[1], seed), reached, ">=", args.least)
        if is_enough then passed = passed + 1 else failed = failed + 1 end
    end
end
print(("%d passed, %d failed"):format(passed, failed))
