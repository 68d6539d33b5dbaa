-- safetensors files: models and generators that luma saved, and the tensors of others' files, which are listed
-- from the header alone.

local internal = require "luma.internal"
local json = require "luma.json"
local luma = require "luma"
local sets = require "luma.info_sets"
local text = require "luma.info_text"

local models = {}

-- What src/io/safetensors.h reads at most.
local HEADER_MAX <const> = 100 * 1000 * 1000
local TENSORS_MAX <const> = 200

local function fail(path, fmt, ...)
    internal.raise("EFORMAT", "info: " .. path .. ": " .. fmt:format(...))
end

local function read_header(found)
    local n = string.unpack("<I8", found.head)
    local most = found.is_gzip and HEADER_MAX or found.size - 8
    if n > HEADER_MAX or n > most then
        fail(found.path, "a safetensors file that is cut off: its header is to have %s, the file has %s",
            text.count(n, "byte"), text.count(found.size, "byte"))
    end
    local head, why = internal.head(found.path, 8 + n)
    local header, problem = json.decode((head or ""):sub(9))
    if type(header) ~= "table" then
        fail(found.path, "a safetensors file whose header is no JSON object: %s", problem or why or "it ends early")
    end
    return header, 8 + n
end

-- --- others' files ---

local element_bytes = { BOOL = 1, U8 = 1, I8 = 1, I16 = 2, U16 = 2, F16 = 2, BF16 = 2, I32 = 4, U32 = 4, F32 = 4,
    F64 = 8, I64 = 8, U64 = 8 }

local function check_entry(found, name, entry, start)
    local offsets = type(entry) == "table" and type(entry.shape) == "table" and type(entry.dtype) == "string"
        and type(entry.data_offsets) == "table" and entry.data_offsets
    local first, last = offsets and math.tointeger(offsets[1]), offsets and math.tointeger(offsets[2])
    if not first or not last or first < 0 or last < first then
        fail(found.path, "tensor '%s' has no dtype, shape and data_offsets as safetensors files have",
            text.clean(name, 60))
    elseif not found.is_gzip and last > found.size - start then
        fail(found.path, "a safetensors file that is cut off: tensor '%s' ends %s behind the header, where the file "
            .. "has %s", text.clean(name, 60), text.count(last, "byte"), text.commas(found.size - start))
    end
    local shape, n = json.array(), 1.0
    for i, extent in ipairs(entry.shape) do
        shape[i] = math.tointeger(extent) or fail(found.path, "tensor '%s' has a shape of other things than whole "
            .. "numbers", text.clean(name, 60))
        n = n * shape[i]
    end
    local size = element_bytes[entry.dtype]
    if size and n * size ~= last - first or n < 0 or n >= 2^53 then
        fail(found.path, "tensor '%s' has %s of data, which %s %s are not", text.clean(name, 60),
            text.count(last - first, "byte"), text.shape(shape), text.clean(entry.dtype, 20))
    end
    return { name = name, dtype = entry.dtype, shape = shape, count = math.tointeger(n), bytes = last - first,
        offset = first }
end

local function list_tensors(report, found, header, start)
    local list, n, bytes = json.array(), 0, 0
    for name, entry in pairs(header) do
        if name ~= "__metadata__" then
            list[#list + 1] = check_entry(found, name, entry, start)
        end
    end
    table.sort(list, function(a, b) return a.offset < b.offset or a.offset == b.offset and a.name < b.name end)
    local width = 4
    for _, t in ipairs(list) do
        n, bytes, width = n + t.count, bytes + t.bytes, math.max(width, utf8.len(text.clean(t.name, 48)))
    end
    report.kind, report.format, report.tensors = "tensors", "safetensors, not of luma", list
    report.lines = { ("%s, %s, %s"):format(text.count(#list, "tensor"), text.count(n, "number"), text.bytes(bytes)) }
    local rows = {}
    for i = 1, math.min(#list, TENSORS_MAX) do
        rows[i] = ("%s  %-5s %s"):format(text.pad(text.clean(list[i].name, 48), width), text.clean(list[i].dtype, 8),
            #list[i].shape > 0 and text.shape(list[i].shape) or "one number")
    end
    rows[#rows + 1] = #list > TENSORS_MAX and ("... %d more; --json lists them"):format(#list - TENSORS_MAX) or nil
    report.rows = rows
    for name, value in pairs(type(header.__metadata__) == "table" and header.__metadata__ or {}) do
        report.notes[#report.notes + 1] = ("metadata %s: %s"):format(text.clean(name, 40), text.clean(value, 200))
    end
    table.sort(report.notes)
end

-- --- luma's own ---

local function add_lines(rows, block)
    for line in (block .. "\n"):gmatch "([^\n]*)\n" do
        rows[#rows + 1] = line ~= "" and (text.clean(line):gsub("%s+$", "")) or nil
    end
end

-- A table whose columns stand two blanks apart and no more, so that it fits 80 columns.
local function squeeze(block)
    local lines, width = {}, 0
    for line in block:gmatch "[^\n]+" do
        lines[#lines + 1] = line
        width = math.max(width, #line)
    end
    local kept, n_blank = {}, 0
    for at = 1, width do
        local is_blank = true
        for _, line in ipairs(lines) do
            is_blank = is_blank and (at > #line or line:byte(at) == 32)
        end
        n_blank = is_blank and n_blank + 1 or 0
        kept[#kept + 1] = n_blank <= 2 and at or nil
    end
    for i, line in ipairs(lines) do
        local cells = {}
        for k, at in ipairs(kept) do
            cells[k] = line:sub(at, at)
        end
        lines[i] = table.concat(cells)
    end
    return table.concat(lines, "\n")
end

local function check_weights(report, model)
    local weights = model:weights()
    report.model.weights = json.array()
    for _, name in ipairs(weights) do
        local t = weights[name]
        local low, high = t:min(), t:max()
        report.model.weights[#report.model.weights + 1] = { name = name, shape = json.array(t.shape), min = low,
            max = high, mean = t:mean(), std = t:std() }
        if low ~= low or high - low == math.huge or high == math.huge then
            report.problems[#report.problems + 1] = ("weights of %s are not finite: the model is broken"):format(name)
        elseif low == high and #t > 1 and name:find "kernel$" then
            report.problems[#report.problems + 1] = ("all weights of %s are %g: it has not been trained"):format(name,
                low)
        end
    end
end

local function describe_model(report, model)
    local classes = model.classes
    report.kind, report.format = "model", "model of luma"
    report.model = { input = json.array(model.input), outputs = model.outputs, parameters = model.params,
        digest = model:digest(), seed = model.seed, classes = json.array(classes or {}), summary = model:summary() }
    report.lines = { ("images %s in, %s out, %s"):format(text.shape(model.input), text.count(model.outputs, "number"),
        text.count(model.params, "parameter")) }
    if classes and #classes > 0 then
        report.lines[2] = "classes " .. text.clean(table.concat(classes, ", "), 400)
    end
    report.lines[#report.lines + 1] = "digest " .. model:digest()
    add_lines(report.rows, squeeze(model:summary()))
    check_weights(report, model)
end

local function describe_generator(report, generator)
    report.generator = { explain = generator:explain(), fitted_on = generator.fitted_on }
    if #report.rows > 0 then
        report.rows[#report.rows + 1] = ""
    end
    report.rows[#report.rows + 1] = "scaling"
    add_lines(report.rows, generator:explain())
end

function models.safetensors(report, found)
    local header, start = read_header(found)
    local meta = header.__metadata__
    if type(meta) ~= "table" or meta.format ~= "luma" then
        return list_tensors(report, found, header, start)
    end
    local first, second = sets.call(luma.load, found.path)
    local model = meta.model and first or nil
    local generator = meta.model and second or not meta.model and first or nil
    report.rows = {}
    if model then
        describe_model(report, model)
    else
        report.kind, report.format = "generator", "generator of luma"
    end
    if generator then
        describe_generator(report, generator)
    elseif model then
        report.notes[#report.notes + 1] = "no generator was saved with it: how its images were scaled is not known"
    end
end

return models
