-- luma.dataset.open: a data set by its name, so that a script can take the name from its arguments.

local internal = require "luma.internal"
local luma = require "luma"

local fetched = { mnist = luma.dataset.mnist, fashion_mnist = luma.dataset.fashion_mnist }
local names = { "mnist", "fashion_mnist", "digits" }

local spec = {
    { name = "train", kind = "integer", min = 1, text = "how many training images, the first ones" },
    { name = "test", kind = "integer", min = 1, text = "how many test images, the first ones" },
}

local function unknown(name)
    local near = internal.nearest(name, names)
    internal.raise("EARG", ("luma.dataset.open: there is no data set called \"%s\"%s there are %s, and "
        .. "folders of MNIST-like files (a name with a slash)"):format(name,
        near and ("; did you mean \"%s\"?"):format(near) or ";", table.concat(names, ", ")))
end

-- At most n images, if n was given; asking for more than there are is not worth an error here: the
-- same `train=60000` should do for every set.
local function at_most(set, n)
    return n and n < #set and set:take(n) or set
end

local function open(name, options)
    if type(name) ~= "string" then
        internal.raise("EARG", "luma.dataset.open: argument 1 (name) wants a string, got "
            .. internal.value(name))
    end
    local o = internal.options("luma.dataset.open", options, spec)
    if name == "digits" then
        return luma.dataset.digits{ train = o.train, test = o.test }
    elseif not fetched[name] and not name:find "/" then
        unknown(name)
    end
    local train, test
    if fetched[name] then
        train, test = fetched[name]()
    else
        train, test = luma.dataset.mnist(name)
    end
    return at_most(train, o.train), at_most(test, o.test)
end

internal.define{
    "luma.dataset.open",
    call = open,
    options = spec,
    signature = "luma.dataset.open(name, { train=n, test=n }) -> train, test",
    text = "The training and test set called \"mnist\", \"fashion_mnist\" or \"digits\", or those in a folder "
        .. "of four MNIST-like files (a name with a slash); of each the first n images, or all it has.",
    example = 'local train, test = luma.dataset.open("digits", { train=100, test=10 })\n'
        .. "assert(#train == 100)",
}
