-- What the tests of luma.keras share: the cases of cases.lua, their arrays, and how results are compared.
--
-- Keras' own code gave the results. Differences on purpose are named in the tests: images that are not
-- square turn about their true centre, the height option moves rows, and what Keras lets pass silently
-- is an error.
local test = require "luma.test"

local root = "tests/golden/keras/"
local golden = dofile(root .. "cases.lua")
local null = golden.null
local K = luma.keras

local arrays = luma.npz.load(root .. "arrays.npz")

local function array(name)
    return arrays[name:gsub("/", ".")]
end

-- What to do with "null" depends on the option: class_mode says none, others are left out.
local function options_of(t)
    local o = {}
    for name, value in pairs(t or {}) do
        if value ~= null then
            o[name] = value
        end
    end
    if t and t.class_mode == null then
        o.class_mode = false
    end
    return o
end

local function generator(case, more)
    local o = options_of(case.generator)
    for name, value in pairs(more or {}) do
        o[name] = value
    end
    return K.ImageDataGenerator(o)
end

local function is_first(case)
    return (case.generator or {}).data_format == "channels_first"
end

-- Images as the case wants them given: stored N x H x W x C.
local function laid_out(case, images)
    return is_first(case) and images:permute{ 1, 4, 2, 3 } or images
end

local function to_f32(t)
    return t.dtype == "f32" and t or t:to "f32"
end

-- A copy with 0 where the mask (H x W, or the image's own shape) is 1.
local function masked(image, mask)
    local copy, shape = image:clone(), image.shape
    local n_channels = #mask.shape == #shape and 1 or shape[#shape]
    local flat, m = copy:reshape{ -1 }, mask:reshape{ -1 }
    for i = 1, #m do
        for c = 1, m[i] == 1 and n_channels or 0 do
            flat:set((i - 1) * n_channels + c, 0)
        end
    end
    return copy
end

-- Largest difference, but for pixels the mask leaves open.
local function check_close(case, got, wanted, mask)
    local tolerance = case.tolerance
    got, wanted = to_f32(got), to_f32(wanted)
    test.eq(got.shape, wanted.shape, case.name)
    if mask then
        got, wanted = masked(got, mask), masked(wanted, mask)
    end
    local worst = got:max_abs_diff(wanted)
    if worst <= tolerance.abs then
        return
    end
    if not tolerance.outlier_abs and not tolerance.outlier_fraction then
        test.ok(false, ("%s: differs by %g, allowed %g"):format(case.name, worst, tolerance.abs))
    end
    local a, b = got:reshape{ -1 }, wanted:reshape{ -1 }
    local n, n_out = #a, 0
    for i = 1, n do
        local d = math.abs(a[i] - b[i])
        if d > tolerance.abs then
            n_out = n_out + 1
            test.ok(d <= (tolerance.outlier_abs or math.huge), ("%s: %g differs by %g"):format(case.name, a[i], d))
        end
    end
    test.ok(n_out <= n * tolerance.outlier_fraction, ("%s: %d of %d differ"):format(case.name, n_out, n))
end

local function check_numbers(case, name, got, wanted, tolerance)
    for i, number in ipairs(wanted) do
        local v = got:reshape{ -1 }[i]
        test.ok(math.abs(v - number) <= tolerance,
            ("%s: %s[%d] is %g, wanted %g"):format(case.name, name, i, v, number))
    end
end

local function refuses(case, f, ...)
    local ok, err = pcall(f, ...)
    test.ok(not ok, case.name .. " must be refused")
    test.ok(type(tostring(err)) == "string" and #tostring(err) > 20, case.name .. " says why")
end

-- Runs the cases of the categories given.
local function run(categories)
    local n = 0
    for _, case in ipairs(golden) do
        if categories[case.category] then
            n = n + 1
            test(case.name, function()
                categories[case.category](case)
            end)
        end
    end
    return n
end

return {
    root = root, null = null, array = array, options_of = options_of, generator = generator, laid_out = laid_out,
    to_f32 = to_f32, check_close = check_close, check_numbers = check_numbers, refuses = refuses, run = run,
    n_cases = #golden,
}
