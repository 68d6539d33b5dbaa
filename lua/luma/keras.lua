-- Declares luma.keras.ImageDataGenerator; what it does is loaded when the first one is made, so that
-- starting the program does not pay for it.

local internal = require "luma.internal"
local options = require "luma.keras_options"

internal.define{
    "luma.keras.ImageDataGenerator",
    call = function(given)
        return require("luma.keras_generator").new(given)
    end,
    options = options.all_spec,
    signature = "luma.keras.ImageDataGenerator{ rescale=1/255, rotation_range=15, ... } -> generator",
    text = "Keras' class of that name, with its options, methods and numbers: fit, flow, flow_from_directory, "
        .. "flow_from_dataframe, standardize, apply_transform, random_transform, get_random_transform; fields "
        .. "mean, std, zca_whitening_matrix. explain() lists what it comes to in luma's own stages. Its flows "
        .. "train and evaluate like any other.",
    example = "local train = luma.dataset.digits{ train=100, test=10 }\n"
        .. "local g = luma.keras.ImageDataGenerator{ rescale=1/255, featurewise_center=true }\n"
        .. "g:fit(train)\n"
        .. "local x, y = g:flow(train, { batch_size=25 }):next()\n"
        .. "assert(#x == 25 and math.abs(g.mean:get(1, 1, 1) - train:stats().mean / 255) < 1e-6)\n"
        .. "print(g:explain())",
}
