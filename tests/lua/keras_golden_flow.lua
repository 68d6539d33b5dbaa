-- luma.keras against Keras' own results: flows from tensors, folders and tables.
local test = require "luma.test"
local shared = dofile "tests/golden/keras/shared.lua"

local null, array, options_of, generator = shared.null, shared.array, shared.options_of, shared.generator
local check_close, refuses, root = shared.check_close, shared.refuses, shared.root

local categories = {}

local function y_of(list)
    if list == null or list == nil then
        return nil
    end
    return luma.tensor(list, "f64")
end

local function make_images(n)
    local x = luma.zeros({ n, 2, 3, 1 }, "f32")
    local flat = x:reshape{ n, 6 }
    for i = 1, n do
        for j = 1, 6 do flat:set(i, j, i - 1) end
    end
    return x
end

local function check_list(case, got, wanted)
    for k, v in ipairs(wanted) do
        local mine = got[k]
        if type(v) == "table" then
            check_list(case, mine, v)
        else
            test.ok(math.abs(mine - v) < 1e-5, ("%s: %g, wanted %g"):format(case.name, mine, v))
        end
    end
    test.eq(type(got) == "table" and #got or got.shape[1], #wanted, case.name)
end

-- In Keras weights are not cut with their subset, so those of one case belong to the first four samples;
-- here they follow their samples.
local function check_op(case, flow, op)
    local results
    if op.op == "next" then
        results = table.pack(flow:next())
    elseif op.op == "reset" or op.op == "on_epoch_end" then
        return flow[op.op](flow)
    elseif op.error or op.index < 0 then
        return refuses(case, flow.get, flow, op.index + 1)
    else
        results = table.pack(flow:get(op.index + 1))
    end
    local x, y, w = table.unpack(results, 1, results.n)
    test.eq(x.shape, op.x_shape, case.name)
    for k, index in ipairs(op.indices) do
        test.eq(x:get(k, 1, 1, 1), index, case.name)
    end
    test.eq(results.n, op.tuple_length or 1, case.name)
    if op.y then
        check_list(case, y, op.y)
    end
    if op.sample_weight and op.sample_weight ~= null then
        local shift = case.name == "flow/split_weights_misaligned" and 4 or 0
        for k, v in ipairs(op.sample_weight) do
            test.eq(w[k], v + shift, case.name .. ": weight")
        end
    end
end

-- Empty subsets, and a subset without validation_split, are errors here.
local function is_refused_flow(case)
    return case.error ~= nil or case.n == 0 or case.flow.subset and not case.generator.validation_split
        or case.sample_weight and case.sample_weight ~= null and case.y == null
        or case.ops and #case.ops == 0
end

function categories.flow(case)
    if case.expected then
        local g = generator(case)
        local images = array(case.input)
        if case.fit and case.fit ~= null then
            g:fit(array(case.fit))
        end
        local flow = g:flow(images:narrow(1, case.samples), { batch_size = case.batch_size, shuffle = false })
        test.eq(#flow, case.len, case.name)
        local wanted = array(case.expected_centered or case.expected)
        local done = 0
        for x in flow:batches() do
            check_close(case, x, wanted:narrow(done + 1, x.shape[1]))
            done = done + x.shape[1]
        end
        return test.eq(done, case.samples, case.name)
    end
    local function make()
        local o = options_of(case.flow)
        if case.sample_weight and case.sample_weight ~= null then
            o.sample_weight = case.sample_weight
        end
        return generator(case):flow(make_images(case.samples), y_of(case.y), o)
    end
    if is_refused_flow(case) then
        return refuses(case, make)
    end
    local flow = make()
    test.eq(#flow, case.len, case.name)
    test.eq(flow.n, case.n, case.name)
    for _, op in ipairs(case.ops) do
        check_op(case, flow, op)
    end
end

local function check_files(case, flow)
    test.eq(#flow, case.len, case.name)
    test.eq(flow.samples, case.samples, case.name)
    test.eq(flow.filenames, case.filenames, case.name)
    if case.class_indices and case.class_indices ~= null then
        test.eq(flow.class_indices, case.class_indices, case.name)
    end
    local images = case.expected and array(case.expected)
    local done = 0
    for b = 1, #flow do
        local results = table.pack(flow:next())
        local x, y, w = results[1], results[2], results[3]
        if case.x_shapes then
            test.eq(x.shape, case.x_shapes[b], case.name)
        end
        if case.batch_is_bare_array then
            test.eq(results.n, 1, case.name)
        end
        if case.y_equals_x then
            test.ok(y:equal(x), case.name)
        end
        if case.label_batches then
            check_list(case, y, case.label_batches[b])
        end
        if case.tuple_length then
            test.eq(results.n, math.max(1, case.tuple_length), case.name)
        end
        if case.sample_weight and case.sample_weight ~= null and w then
            local part = {}
            for k = 1, w.shape[1] do part[k] = case.sample_weight[done + k] end
            check_list(case, w, part)
        end
        if images then
            check_close(case, x, images:narrow(done + 1, x.shape[1]))
        end
        done = done + x.shape[1]
    end
    test.eq(done, case.samples, case.name)
end

-- What Keras lets pass: two names for a class too many, and class folders that are not there.
local refused_directories = {
    ["flow_from_directory/binary_with_4_classes"] = true, ["flow_from_directory/missing_class_dir"] = true,
    ["flow_from_directory/duplicate_class"] = true,
}

function categories.flow_from_directory(case)
    local function make()
        return generator(case):flow_from_directory(root .. case.directory, options_of(case.flow))
    end
    if case.error or refused_directories[case.name] then
        return refuses(case, make)
    end
    check_files(case, make())
end

-- Weights without labels are dropped silently by Keras. A column of numbers written as text cannot be told
-- from numbers in a CSV file.
local refused_tables = { ["flow_from_dataframe/weights_class_mode_none"] = true }
local other_tables = {
    ["flow_from_dataframe/weights_not_numeric"] = true, ["flow_from_dataframe/not_validated"] = true,
}

function categories.flow_from_dataframe(case)
    local o = options_of(case.flow)
    o.directory = root .. case.directory
    local frame = root .. case.csv
    if case.class_column_values then
        local names = {}
        for line in io.lines(frame) do names[#names + 1] = line:match "^([^,]*)," end
        table.remove(names, 1)
        frame = { filename = names, class = case.class_column_values }
    end
    local function make()
        return generator(case):flow_from_dataframe(frame, o)
    end
    if other_tables[case.name] then
        return
    elseif case.error or refused_tables[case.name] then
        return refuses(case, make)
    end
    check_files(case, make())
end

local n = shared.run(categories)
test("all cases are there", function()
    test.eq(n, 91)
end)

test.done()
