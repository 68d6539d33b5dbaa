-- luma info DATASET: what is in a data set, as a table. Opening goes by name, as in scripts.

local luma = require "luma"

local function commas(n)
    local text = ("%d"):format(n)
    return (text:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", ""))
end

local function show(set)
    local s = set:stats()
    print(set)
    print(("  pixels %g..%g, mean %.6f, std %.6f"):format(s.min, s.max, s.mean, s.std))
    return #set.classes > 0 and set:counts() or {}
end

local function show_classes(classes, train, test)
    print(("\n  %5s  %-16s %9s %9s"):format("label", "class", "train", "test"))
    for i, class in ipairs(classes) do
        print(("  %5d  %-16s %9s %9s"):format(i - 1, class, commas(train[i] or 0),
            commas(test[i] or 0)))
    end
end

return function(name)
    local train, test = luma.dataset.open(name)
    local n_train, n_test = show(train), show(test)
    show_classes(train.classes, n_train, n_test)
    return 0
end
