-- luma.keras against Keras' own results: scaling, fitting, changes with given parameters, helpers, options and
-- the distributions of random parameters.
local test = require "luma.test"
local shared = dofile "tests/golden/keras/shared.lua"

local K = luma.keras
local null, array, options_of, generator = shared.null, shared.array, shared.options_of, shared.generator
local to_f32, laid_out, check_close = shared.to_f32, shared.laid_out, shared.check_close
local check_numbers, refuses, root = shared.check_numbers, shared.refuses, shared.root

local categories = {}

-- --- scaling ---

local preprocessing = {
    ["255 - x"] = function(x) return 255 - x end,
    ["x * x / 255"] = function(x) return x * x / 255 end,
}

-- Keras warns and leaves numbers as they are.
local function is_unfitted(case)
    return case.fit == null and (case.effective.featurewise_center or case.effective.zca_whitening)
end

function categories.standardize(case)
    local more = {}
    if case.preprocessing_function and case.preprocessing_function ~= null then
        more.preprocessing_function = preprocessing[case.preprocessing_function]
    end
    local g = generator(case, more)
    if case.fit ~= null then
        g:fit(laid_out(case, array(case.fit)))
        check_numbers(case, "mean", g.mean, case.mean_f64, case.tolerance.abs)
        if case.std_f64 then
            check_numbers(case, "std", g.std, case.std_f64, case.tolerance.abs)
        end
    end
    for flag, value in pairs(case.effective) do
        test.eq(g[flag], value, case.name .. ": " .. flag)
    end
    local x = to_f32(laid_out(case, array(case.apply):narrow(1, case.apply_count)))
    if is_unfitted(case) then
        return refuses(case, g.standardize, g, x[1])
    end
    local wanted = array(case.expected)
    if case.apply_mode == "batch" then
        return check_close(case, g:standardize(x), wanted)
    end
    for i = 1, case.apply_count do
        check_close(case, g:standardize(x[i]), wanted[i])
    end
end

local function pick(images, indices)
    local shape = images.shape
    shape[1] = #indices
    local all = luma.zeros(shape, images.dtype)
    local flat, from = all:reshape{ #indices, -1 }, images:reshape{ images.shape[1], -1 }
    for k, i in ipairs(indices) do
        for j = 1, flat.shape[2] do
            flat:set(k, j, from:get(i + 1, j))
        end
    end
    return all
end

local function zca(case, matrix_tolerance, output_tolerance)
    local g = generator(case)
    local images = array(case.fit)
    local first, last = table.unpack(case.fit_range)
    g:fit(laid_out(case, images:narrow(first + 1, last - first)))
    if case.degenerate then
        return
    end
    test.ok(g.zca_whitening_matrix:max_abs_diff(array(case.matrix_f64)) <= matrix_tolerance, case.name .. ": matrix")
    local x = laid_out(case, pick(images, case.apply_indices))
    local wanted = array(case.expected_f64)
    for i = 1, #case.apply_indices do
        local d = g:standardize(to_f32(x[i])):max_abs_diff(wanted[i])
        test.ok(d <= output_tolerance, ("%s: image %d differs by %g"):format(case.name, i, d))
    end
end

function categories.zca(case)
    zca(case, case.tolerance.matrix_abs, case.tolerance.output_abs)
end

-- In Keras fit(augment=True) rescales first, so brightness cuts 0..1 to 0; here it comes last, as in flow.
-- And zooms of images that are not square turn about their true centre.
local repaired_fits = {
    ["fit_augment/fixed_brightness_rescaled_truncates"] = { mean = 0.25, within = 0.02 },
    ["fit_augment/fixed_zoom_colour"] = { mean = 128.9, within = 0.5 },
}

function categories.fit_augment(case)
    local g = generator(case)
    g:fit(array(case.fit), { augment = true, rounds = case.rounds })
    local repaired = repaired_fits[case.name]
    if repaired then
        return test.ok(math.abs(g.mean:mean() - repaired.mean) < repaired.within, case.name .. ": mean")
    end
    check_numbers(case, "mean", g.mean, case.mean_f64, case.tolerance.abs)
    check_numbers(case, "std", g.std, case.std_f64, case.tolerance.abs)
end

-- --- random changes with given parameters ---

function categories.apply_transform(case)
    local g = generator(case)
    local images = to_f32(laid_out(case, array(case.input)))
    local wanted = array(case.expected_centered or case.expected)
    local mask = case.expected_centered and case.ambiguous_mask_centered or case.ambiguous_mask
    mask = mask and mask ~= null and array(mask)
    for k, item in ipairs(case.items) do
        local got = g:apply_transform(images[item.image + 1], options_of(item.transform_parameters))
        check_close(case, got, wanted[k], mask and mask[k])
    end
end

-- --- helpers ---

local helpers = {}

-- Keras turns about (h/2 - 0.5, w/2 - 0.5) for (x, y), heights and widths exchanged; here it is the true
-- centre c. Turning about k instead adds (I - M)(k - c) to what M takes the source from, which a
-- translation can stand for: it comes right behind the rotation, so R^-1 of that is added to it.
local function with_keras_centre(a, h, w)
    local t, s = math.rad(a.theta or 0), math.rad(a.shear or 0)
    local cos, sin = math.cos(t), math.sin(t)
    local zx, zy = a.zx or 1, a.zy or 1
    local m = { { cos * zx, (-cos * math.sin(s) - sin * math.cos(s)) * zy },
        { sin * zx, (-sin * math.sin(s) + cos * math.cos(s)) * zy } }
    local kx, ky = (h - w) / 2, (w - h) / 2
    local dx, dy = kx - m[1][1] * kx - m[1][2] * ky, ky - m[2][1] * kx - m[2][2] * ky
    return (a.tx or 0) + cos * dx + sin * dy, (a.ty or 0) - sin * dx + cos * dy
end

function helpers.apply_affine_transform(case, image)
    local a = case.args
    local rows, columns = image.shape[1], image.shape[2]
    if a.col_axis < a.row_axis then
        rows, columns = columns, rows
    end
    local tx, ty = with_keras_centre(a, rows, columns)
    local axes = { row_axis = a.row_axis + 1, col_axis = a.col_axis + 1, channel_axis = a.channel_axis + 1 }
    if a.layout == "CHW" then
        image = image:permute{ 3, 1, 2 }
    end
    local o = { theta = a.theta, tx = tx, ty = ty, shear = a.shear, zx = a.zx, zy = a.zy, fill_mode = a.fill_mode,
        cval = a.cval, order = a.order }
    for name, value in pairs(axes) do o[name] = value end
    return K.apply_affine_transform(image, o)
end

function helpers.apply_channel_shift(case, image)
    if case.args.channel_axis == 0 then
        image = image:permute{ 3, 1, 2 }
    end
    return K.apply_channel_shift(image, case.args.intensity)
end

function helpers.apply_brightness_shift(case, image)
    local wanted = array(case.expected)
    for k, factor in ipairs(case.args.brightness) do
        check_close(case, K.apply_brightness_shift(image, factor, case.args.scale), wanted[k])
    end
end

function helpers.flip_axis(case, image)
    return K.flip_axis(image, case.args.axis + 1)
end

function helpers.array_to_img(case, image)
    return K.array_to_img(image, { scale = case.args.scale })
end

function helpers.load_img(case)
    return K.load_img(root .. case.input_png, options_of(case.args))
end

-- Keras clips 16 bits at 255 in colour modes: nearly white pictures. Here that is refused.
local function is_clipped(case)
    return case.input_png and case.input_png:find "grey16" and case.args.color_mode
        and case.args.color_mode ~= "grayscale"
end

function categories.utils(case)
    local image = case.input and array(case.input)[case.image + 1]
    if image and case["function"] ~= "array_to_img" and case.expected_dtype ~= "uint8" then
        image = to_f32(image)
    end
    if is_clipped(case) then
        return refuses(case, helpers.load_img, case)
    end
    local got = helpers[case["function"]](case, image)
    if got then
        check_close(case, #case.expected_shape == 2 and got:reshape(case.expected_shape) or got, array(case.expected))
    end
end

-- --- constructors ---

local refused_generators = {
    ["validation/zoom_negative"] = true, ["validation/zoom_scalar_big"] = true, ["validation/fill_mode_unknown"] = true,
    ["validation/interpolation_order_9"] = true, ["validation/rotation_text"] = true,
}

local uses = {
    fit_rank3 = function() K.ImageDataGenerator{ featurewise_center = true }:fit(luma.zeros{ 4, 4, 1 }) end,
    flow_rank3 = function() K.ImageDataGenerator{}:flow(luma.zeros{ 4, 4, 1 }) end,
    use_brightness_2_channels = function()
        K.ImageDataGenerator{}:apply_transform(luma.zeros{ 4, 4, 2 }, { brightness = 0.5 })
    end,
    a2i_5_channels = function() K.array_to_img(luma.zeros{ 4, 4, 5 }) end,
    a2i_rank2 = function() K.array_to_img(luma.zeros{ 4, 4 }) end,
    load_bad_color_mode = function() K.load_img(root .. "utils/png/rgb.png", { color_mode = "cmyk" }) end,
    load_bad_interpolation = function()
        K.load_img(root .. "utils/png/rgb.png", { target_size = { 4, 4 }, interpolation = "smooth" })
    end,
    load_missing = function() K.load_img(root .. "utils/png/none.png") end,
    zca_wrong_size = function()
        local g = K.ImageDataGenerator{ zca_whitening = true }
        g:fit(array "inputs/zca_tiny")
        g:standardize(luma.zeros{ 9, 9, 1 })
    end,
    fit_empty = function() K.ImageDataGenerator{ featurewise_center = true }:fit(luma.zeros{ 0, 4, 4, 1 }) end,
    fc_wrong_channels = function()
        local g = K.ImageDataGenerator{ featurewise_center = true }
        g:fit(luma.zeros{ 2, 4, 4, 1 })
        g:standardize(luma.zeros{ 4, 4, 3 })
    end,
}

function categories.validation(case)
    local use = uses[case.name:match "/(.*)"]
    if use then
        return refuses(case, use)
    elseif not case.generator then
        return
    elseif not case.ok or refused_generators[case.name] then
        return refuses(case, generator, case)
    end
    local g = generator(case)
    for flag, value in pairs(case.effective) do
        if flag ~= "zoom_range" then
            test.eq(g[flag], value, case.name .. ": " .. flag)
        end
    end
end

-- --- random parameters ---

local refused_draws = {
    ["random_params/rotation_negative"] = true, ["random_params/width_int_1"] = true,
    ["random_params/width_array_negative_trap"] = true, ["random_params/zoom_scalar_one"] = true,
    ["random_params/zoom_pair_reversed"] = true, ["random_params/shear_negative"] = true,
}

local N_DRAWS = 4000

-- Uniform: all inside, and mean and mean square within five standard errors. Discrete: shares likewise.
local function check_draws(case, name, draws, wanted)
    local where = case.name .. ": " .. name
    if wanted.dist == "constant" then
        for _, v in ipairs(draws) do
            test.eq(v, wanted.value ~= null and wanted.value or false, where)
        end
    elseif wanted.dist == "uniform" then
        local sum, middle, half = 0, (wanted.low + wanted.high) / 2, (wanted.high - wanted.low) / 2
        for _, v in ipairs(draws) do
            test.ok(v >= wanted.low and v <= wanted.high, where .. " is in its range")
            sum = sum + (v - middle)
        end
        test.ok(math.abs(sum / #draws) <= 5 * half / math.sqrt(3 * #draws), where .. ": mean")
    elseif wanted.dist == "discrete" then
        local counts = {}
        for _, v in ipairs(draws) do
            local key = ("%.6f"):format(v + 0.0)
            counts[key] = (counts[key] or 0) + 1
        end
        local total = 0
        for k, v in ipairs(wanted.values) do
            local p = wanted.probabilities[k]
            local n = counts[("%.6f"):format(v)] or counts[("%.6f"):format(-v)] and v == 0 and counts["-0.000000"] or 0
            total = total + n
            local is_near = math.abs(n - p * #draws) <= 5 * math.sqrt(#draws * p * (1 - p))
            test.ok(is_near, ("%s: %g comes %d times"):format(where, v, n))
        end
        test.eq(total, #draws, where)
    elseif wanted.dist == "bernoulli" then
        local n = 0
        for _, v in ipairs(draws) do n = n + (v and 1 or 0) end
        test.ok(math.abs(n - wanted.p * #draws) <= 5 * math.sqrt(#draws) / 2, where)
    else
        error("unknown distribution " .. wanted.dist)
    end
end

-- Height moves rows (ty), width moves columns (tx): Keras has them exchanged.
local exchanged = { tx = "ty", ty = "tx" }

function categories.random_params(case)
    if refused_draws[case.name] then
        return refuses(case, generator, case)
    end
    local g = generator(case)
    local all = {}
    for seed = 1, N_DRAWS do
        for name, v in pairs(g:get_random_transform(case.img_shape, seed)) do
            all[name] = all[name] or {}
            all[name][seed] = v == 0 and 0.0 or v
        end
    end
    for name, wanted in pairs(case.distributions) do
        local mine = all[exchanged[name] or name]
        if wanted.dist == "constant" and wanted.value == null then
            test.eq(mine, nil, case.name .. ": " .. name)
        else
            check_draws(case, name, mine, wanted)
        end
    end
end

-- Release 1.1.2 computed otherwise; of it luma.zca{ convention = "eigen" } alone is offered.
local n = shared.run(categories)
test("all cases are there", function()
    test.eq(shared.n_cases, 381)
    test.eq(n, 285)
end)

test.done()
