-- luma.dataset.open: a data set by its name, so that a script can take the name from its arguments.

local internal = require "luma.internal"
local luma = require "luma"

local fn = "luma.dataset.open"

local known = {
    mnist = luma.dataset.mnist,
    fashion_mnist = luma.dataset.fashion_mnist,
    cifar10 = luma.dataset.cifar10,
    emnist = luma.dataset.emnist,
}
local names = { "mnist", "fashion_mnist", "cifar10", "emnist", "digits" }

local spec = {
    { name = "train", kind = "integer", min = 1, text = "how many training images, the first ones" },
    { name = "test", kind = "integer", min = 1, text = "how many test images, the first ones" },
    { name = "size", kind = "pair", min = 1, text = "{ height, width } image files are resized to" },
    { name = "color", kind = "choice", choices = { "gray", "rgb", "rgba" }, default = "rgb",
        text = "what the pixels of image files become" },
}

local function fail(code, text, ...)
    internal.raise(code, fn .. ": " .. text:format(...))
end

local function unknown(name)
    local near = internal.nearest(name, names)
    fail("EARG", "there is no data set called \"%s\"%s there are %s, and files and folders (a name with a "
        .. "slash, or ending in .csv or .npz)", name,
        near and ("; did you mean \"%s\"?"):format(near) or ";", table.concat(names, ", "))
end

-- A file or a folder.
local function is_there(path)
    local file = io.open(path)
    return file ~= nil and file:close()
end

-- Two folders of class folders; the test set's classes are those of the training set.
local function open_folders(name, o)
    local train = luma.dataset.folder{ name .. "/train", size = o.size, color = o.color }
    return train, luma.dataset.folder{ name .. "/test", size = o.size or { train.shape[1], train.shape[2] },
        color = o.color, classes = train.classes }
end

local function open_folder(name, o)
    if is_there(name .. "/train") and is_there(name .. "/test") then
        return open_folders(name, o)
    elseif is_there(name .. "/data_batch_1.bin") or is_there(name .. "/cifar-10-batches-bin") then
        return luma.dataset.cifar10(name)
    end
    local ok, train, test = pcall(luma.dataset.mnist, name)
    if ok then
        return train, test
    elseif train.code ~= "ENOTFOUND" or train.message:find "without" then
        error(train, 0)
    end
    fail("ENOTFOUND", "%s holds neither the four files of an MNIST-like set nor those of CIFAR-10 nor folders "
        .. "'train' and 'test' of class folders; one folder of classes is opened by "
        .. "luma.dataset.folder{ path }:split{ 0.9 }", name)
end

local function open_csv(name, o)
    return luma.dataset.csv{ name, split = "split", split_value = { "train", "test" }, size = o.size,
        color = o.color }
end

local function open_npz(name)
    return luma.dataset.npz{ name, images = "x_train" }, luma.dataset.npz{ name, images = "x_test" }
end

-- At most n images, if n was given; asking for more than there are is not worth an error here: the
-- same `train=60000` should do for every set.
local function at_most(set, n)
    return n and n < #set and set:take(n) or set
end

local function open(name, options)
    if type(name) ~= "string" then
        fail("EARG", "argument 1 (name) wants a string, got %s", internal.value(name))
    end
    local o = internal.options(fn, options, spec)
    if name == "digits" then
        return luma.dataset.digits{ train = o.train, test = o.test }
    end
    local train, test
    local ending = name:lower():match "%.(%w+)$"
    if known[name] then
        train, test = known[name]()
    elseif ending == "csv" then
        train, test = open_csv(name, o)
    elseif ending == "npz" then
        train, test = open_npz(name)
    elseif name:find "/" then
        train, test = open_folder(name, o)
    else
        unknown(name)
    end
    return at_most(train, o.train), at_most(test, o.test)
end

internal.define{
    fn,
    call = open,
    options = spec,
    signature = "luma.dataset.open(name, { train=n, test=n }) -> train, test",
    text = "The training and test set called \"mnist\", \"fashion_mnist\", \"cifar10\", \"emnist\" or "
        .. "\"digits\"; or those in a folder of four MNIST-like files, of CIFAR-10's files or of folders "
        .. "`train` and `test` of class folders; in a table (.csv) whose column `split` says train or test; "
        .. "in an archive (.npz) of x_train, y_train, x_test and y_test. Of each the first n images, or all "
        .. "it has.",
    example = 'local train, test = luma.dataset.open("digits", { train=100, test=10 })\n'
        .. "assert(#train == 100)",
}

-- Whether the word is the name of a data set.
local function is_name(word)
    for _, name in ipairs(names) do
        if name == word then
            return true
        end
    end
    return false
end

return { names = names, is_name = is_name }
