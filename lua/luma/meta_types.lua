-- The types that words of signatures stand for, in the language of LuaLS (lua-language-server).
--
-- Signatures are written for people: "model:predict(flow | tensor) -> tensor". A word has one type as a
-- parameter and one as a result wherever it is used; a test fails for a word that is not listed here.

local signature = require "luma.signature"

local types = {}

-- Objects: the word of the docs -> the class.
types.classes = {
    augmentation = "luma.Augmentation", callback = "luma.Callback", dataset = "luma.Dataset", flow = "luma.Flow",
    generator = "luma.Generator", history = "luma.History", layer = "luma.Layer", model = "luma.Model",
    optimizer = "luma.Optimizer", stage = "luma.Stage", stats = "luma.Stats", tensor = "luma.Tensor",
}

local basic = { "any", "boolean", "function", "integer", "nil", "number", "string", "table" }

local shared = {
    list = "table", value = "any", extents = "integer[]", dimensions = "integer[]", classes = "(string|integer)[]",
}

local parameters = {
    a = "luma.Augmentation", b = "luma.Augmentation", alpha = "number", amount = "number", axis = "integer",
    bound = "number", brightness = "number", channel = "integer", condition = "boolean?", count = "integer",
    default = "any",
    degrees = "number", dir = "string", dtype = "luma.dtype", epoch = "integer", factor = "number",
    filters = "integer", first = "integer", fn = "fun(image: luma.Tensor): luma.Tensor?", folder = "string",
    fraction = "number", h = "integer", hi = "number", i = "integer", image = "luma.Tensor",
    intensity = "number", j = "integer", k = "integer", last = "integer", lo = "number", n = "integer",
    name = "string", p = "number", path = "string", rate = "number", scope = '"feature"|"sample"',
    std = "number", t = "luma.Tensor", text = "string", units = "integer", v = "number", w = "integer",
    weights = "table", window = "integer|integer[]", x = "number",
}

local results = {
    accuracy = "number", confusion = "luma.Tensor", correct = "integer", count = "integer", epoch = "integer",
    failed = "integer", file = "string", loss = "number", m = "luma.Metrics", made = "integer",
    parameters = "table[]", pixels = "luma.Tensor", reason = "string", scaled = "luma.Tensor",
    seconds = "number", step = "integer", test = "luma.Dataset", train = "luma.Dataset",
    validation = "luma.Dataset", w = "luma.Tensor", x = "luma.Tensor", y = "luma.Tensor",
}

local phrases = {
    ["nested table"] = "table", ["table of tensors"] = "table<string, luma.Tensor>", ["list"] = "number[]",
    ["u8 tensor"] = "luma.Tensor", ["f32 tensor"] = "luma.Tensor", ["list of 256 counts"] = "integer[]",
    ["numbers or nested lists"] = "number|table", ["axis"] = '"horizontal"|"vertical"',
    ["{ H, W, C }"] = "integer[]", ["{ rows, columns, channels }"] = "integer[]",
    ['">="'] = "luma.comparison",
}

for _, name in ipairs(basic) do
    shared[name] = name
end
for name, class in pairs(types.classes) do
    shared[name] = class
end

-- Words without a type, for the test.
types.unknown = {}

local function word_type(word, where, owner)
    local found = (where == "parameter" and parameters or results)[word] or shared[word]
    if word == "other" then
        found = types.classes[owner]
    end
    if not found then
        types.unknown[#types.unknown + 1] = word
    end
    return found or "any"
end

-- "{ file=, reason= }" -> a table of these fields; "{ a, b }" -> a list.
local function table_type(text, where, owner)
    local fields, list = {}, nil
    for _, item in ipairs(signature.split(text:match "^{(.*)}$", ",")) do
        local name = item:match "^([%a_][%w_]*)%s*="
        if name then
            fields[#fields + 1] = name .. ": " .. word_type(name, where, owner)
        elseif item ~= "..." then
            list = list or types.of(item, where, owner)
        end
    end
    if #fields > 0 then
        return "{ " .. table.concat(fields, ", ") .. " }"
    end
    if list and list:find "%[%]$" and not text:find "," then
        return list
    end
    return list and (list:find "|" and "(" .. list .. ")" or list) .. "[]" or "table"
end

-- The type of a phrase as a "parameter" or a "result" of a member of `owner` ("tensor").
function types.of(text, where, owner)
    if phrases[text] and (where == "parameter" or text ~= "axis") then
        return phrases[text]
    elseif text:find "^{" then
        return table_type(text, where, owner)
    end
    local parts = signature.split(text, "|")
    if #parts == 1 then
        parts = signature.split(text, " or ")
    end
    if #parts == 1 and text:find "^list of " then
        return types.of(text:sub(9):gsub("^(%a+)s$", "%1"), where, owner) .. "[]"
    elseif #parts == 1 then
        return text:find '^"' and text or word_type(text, where, owner)
    end
    for i, part in ipairs(parts) do
        parts[i] = types.of(part, where, owner)
    end
    return table.concat(parts, "|")
end

local kinds = {
    pair = "integer|integer[]", range = "number|number[]", names = "string|string[]",
    ["a number or a list"] = "number|number[]", ["a number or a pair"] = "number|number[]",
    ["a pair of numbers"] = "number[]",
}

-- An option of the docs ("choices" have aliases of their own).
function types.of_option(o)
    return kinds[o.wants] or kinds[o.kind] or types.classes[o.kind] or word_type(o.kind, "result")
end

-- What the docs describe in words alone, in the same signatures.
types.extra = [[
---@alias luma.dtype "u8"|"i32"|"f32"|"f64"
---@alias luma.comparison "<"|"<="|">"|">="|"=="|"~="

---An error of luma's: what pcall gives back.
---@class luma.Error
---@field message string
---@field where string "script.lua:12"
---@field code string "ESHAPE", "ENOTFOUND", ...
---@field exit_code integer

---The figures of an epoch or a step.
---@class luma.Metrics
---@field epoch integer
---@field step integer of model:steps
---@field is_epoch_end boolean of model:steps
---@field loss number
---@field accuracy number
---@field correct integer
---@field count integer
---@field rate number
---@field seconds number
---@field val_loss number where there is a validation flow
---@field val_accuracy number

---Called with the figures of every epoch; true ends the training.
---@class luma.Callback
---@field best number of luma.early_stop and luma.checkpoint: the best figure
---@field best_epoch integer
---@overload fun(m: luma.Metrics): boolean?

---Keras' generator, with its names.
---@class luma.keras.Generator: luma.Generator
---@field zca_whitening_matrix luma.Tensor
---@field fit fun(self, x: luma.Tensor|luma.Dataset, options?: table): luma.keras.Generator
---@field flow fun(self, x: luma.Tensor|luma.Dataset, y?: luma.Tensor|table, options?: table): luma.Flow
---@field flow_from_directory fun(self, path: string, options?: table): luma.Flow
---@field flow_from_dataframe fun(self, path: string, options?: table): luma.Flow
---@field standardize fun(self, x: luma.Tensor): luma.Tensor
---@field apply_transform fun(self, x: luma.Tensor, parameters?: table): luma.Tensor
---@field random_transform fun(self, x: luma.Tensor, seed?: integer): luma.Tensor
---@field get_random_transform fun(self, shape: integer[], seed?: integer): table
]]

-- Whole definitions where a signature cannot say it.
types.definitions = {
    ["luma.args"] = [[
---@generic T: table
---@param defaults T
---@return T
function luma.args(defaults) end]],
    ["model:set_weights"] = [[
---@param weights table<string, luma.Tensor>
---@return luma.Model
function model:set_weights(weights) end]],
}

types.results = {
    ["luma.keras.ImageDataGenerator"] = "luma.keras.Generator",
    ["model:weights"] = "table<string, luma.Tensor>",
}

return types
