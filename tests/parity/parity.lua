-- luma's side of tests/parity/parity.py: runs the cases it wrote and leaves the results beside them.

local args = luma.args{ folder = "" }
local folder = args.folder
local cases = dofile(folder .. "/cases.lua")
local K = luma.keras

local function array(name)
    return luma.npy.load(folder .. "/" .. name)
end

local function save(i, part, t)
    t:save(("%s/%d_out_%s.npy"):format(folder, i - 1, part))
end

local function quoted(s)
    return '"' .. s:gsub('[\\"]', "\\%0") .. '"'
end

local function save_facts(i, flow)
    local names, classes = {}, {}
    -- A flow of arrays has neither, and reading a field that is not there is an error.
    for k, name in ipairs(rawget(flow, "filenames") or {}) do names[k] = quoted(name) end
    for class, k in pairs(rawget(flow, "class_indices") or {}) do classes[#classes + 1] = quoted(class) .. ":" .. k end
    local file <close> = io.open(("%s/%d_out.json"):format(folder, i - 1), "w")
    file:write(('{"len":%d,"files":[%s],"classes":{%s}}'):format(#flow, table.concat(names, ","),
        table.concat(classes, ",")))
end

-- All batches of an epoch, one behind the other.
local function save_batches(i, flow)
    local xs, ys = {}, {}
    for x, y in flow:batches() do
        for k = 1, x.shape[1] do
            xs[#xs + 1] = x[k]:table()
            ys[#ys + 1] = #y.shape == 1 and y[k] or y[k]:table()
        end
    end
    save(i, "x", luma.tensor(xs, "f32"))
    save(i, "y", luma.tensor(ys, "f32"))
end

local run = {}

function run.standardize(i, case)
    local g = K.ImageDataGenerator(case.options)
    g:fit(array(case.fit))
    save(i, "x", g:standardize(array(case.x):to "f32"))
end

function run.transform(i, case)
    save(i, "x", K.ImageDataGenerator(case.options):apply_transform(array(case.x):to "f32", case.parameters))
end

function run.resize(i, case)
    save(i, "x", K.img_to_array(K.load_img(folder .. "/" .. case.path, case.options)))
end

local function finish(i, flow)
    save_batches(i, flow)
    save_facts(i, flow)
end

function run.flow(i, case)
    finish(i, K.ImageDataGenerator(case.options):flow(array(case.x), array(case.y), case.flow))
end

function run.directory(i, case)
    finish(i, K.ImageDataGenerator(case.options):flow_from_directory(folder .. "/" .. case.path, case.flow))
end

function run.table(i, case)
    case.flow.directory = folder .. "/" .. case.directory
    finish(i, K.ImageDataGenerator{}:flow_from_dataframe(folder .. "/" .. case.csv, case.flow))
end

for i, case in ipairs(cases) do
    run[case.kind](i, case)
end
