-- What happens between the epochs of a training: early stopping, checkpoints, rates (schedules.lua).
--
-- A callback is a description like a layer or an optimizer: what it remembers of a training belongs to
-- that training (run.memory), so one callback may serve several. It is either an item of the option
-- `callbacks`, or called with the metrics of a turn of model:train, which know their training.

local engine = require "luma.engine"
local internal = require "luma.internal"

local callbacks = {}

local run_of = setmetatable({}, { __mode = "k" }) -- metrics of a turn -> its training

local function fail(code, fn, text, ...)
    internal.raise(code, fn .. ": " .. text:format(...))
end
callbacks.fail = fail

-- --- figures to watch ---

local spec = {
    monitor = { name = "monitor", kind = "string", default = "val_loss",
        text = "the figure to watch: loss, accuracy, val_loss, val_accuracy" },
    mode = { name = "mode", kind = "choice", choices = { "auto", "min", "max" }, default = "auto",
        text = "whether less or more is better; auto: more for names that end in accuracy" },
    min_delta = { name = "min_delta", kind = "number", min = 0, default = 0,
        text = "what a better figure must be better by" },
}
callbacks.spec = spec

local function fail_monitor(fn, name, names)
    table.sort(names)
    local has_val = table.concat(names, " "):find "val_"
    local near = internal.nearest(name, names)
    local list = table.concat(names, ", ")
    fail("EARG", fn, "there is no figure '%s' to monitor%s%s", name,
        near and ("; did you mean '%s'? (figures: %s)"):format(near, list) or "; the figures are " .. list,
        name:find "^val_" and not has_val and "; val_loss and val_accuracy need the option validate" or "")
end

-- Before the first epoch: a figure that no epoch will have.
local function check_monitor(callback, run)
    local names = { "loss" }
    if run.settings.loss ~= "mse" then
        names[2] = "accuracy"
    end
    for i = 1, run.settings.validate and #names or 0 do
        names[#names + 1] = "val_" .. names[i]
    end
    for _, name in ipairs(names) do
        if name == callback.options.monitor then
            return
        end
    end
    fail_monitor(callback.fn, callback.options.monitor, names)
end

local function monitored(callback, m)
    local value = m[callback.options.monitor]
    if type(value) == "number" then
        return value
    end
    local names = {}
    for name, figure in pairs(m) do
        if math.type(figure) == "float" and name ~= "seconds" and name ~= "rate" then
            names[#names + 1] = name
        end
    end
    fail_monitor(callback.fn, callback.options.monitor, names)
end

-- Whether this turn's figure is the best so far, which is then remembered. NaN is never best.
function callbacks.improves(callback, memory, m)
    local o = callback.options
    local value = monitored(callback, m)
    local is_max = o.mode == "max" or o.mode == "auto" and o.monitor:find "accuracy$" ~= nil
    local gain = memory.best and (is_max and value - memory.best or memory.best - value)
    if value ~= value or gain and gain <= (o.min_delta or 0) then
        return false
    end
    memory.best, memory.best_epoch = value, m.epoch
    callback.best, callback.best_epoch = value, m.epoch
    return true
end

-- --- callbacks ---

local meta = { __name = "callback" }

function meta.__tostring(callback)
    local parts = {}
    for _, option in ipairs(callback.spec) do
        local value = callback.options[option.name]
        if value ~= nil then
            parts[#parts + 1] = option.name .. "=" .. tostring(value)
        end
    end
    return ("%s{ %s }"):format(callback.fn, table.concat(parts, ", "))
end

local function memory_of(run, callback)
    if not run.memory[callback] then
        run.memory[callback] = {}
        run.order[#run.order + 1] = callback
    end
    return run.memory[callback]
end

function meta.__call(callback, m)
    local run = run_of[m]
    if not run then
        fail("EARG", callback.fn, "wants the metrics that a turn of model:train gives, got %s", internal.value(m))
    elseif not pcall(engine.rate, run.trainer) then
        fail("ESTATE", callback.fn, "the training that these metrics come from is over")
    elseif callback.is_first_needed and not run.memory[callback] then
        fail("ESTATE", callback.fn, "it sets the rate of the first epoch too: give it as "
            .. "model:train{ flow, callbacks={ ... } }")
    end
    return callback:after(run, memory_of(run, callback), m) or false
end

-- A new callback: { fn=, options=, spec=, after=function(callback, run, memory, m) -> true to end,
-- begin=, finish= (optional) }.
function callbacks.new(callback)
    return setmetatable(callback, meta)
end

function callbacks.say(run, text, ...)
    if run.settings.progress then
        io.stderr:write(text:format(...), "\n")
    end
end

-- --- a training, as fit.lua runs it ---

local function check_list(fn, list)
    for key in pairs(list) do
        if math.type(key) ~= "integer" or key < 1 or key > #list then
            fail("EARG", fn, "option 'callbacks' wants a list { luma.early_stop{}, ... }, got one with the key %s",
                internal.value(key))
        end
    end
    for i, callback in ipairs(list) do
        if getmetatable(callback) ~= meta and type(callback) ~= "function" then
            fail("EARG", fn, "option 'callbacks', item %d wants a function or a callback, as luma.early_stop{}, got %s",
                i, internal.value(callback))
        end
    end
end

function callbacks.start(fn, model, trainer, settings)
    local list = settings.callbacks or {}
    if getmetatable(list) == meta then
        list = { list }
    end
    local rate = engine.rate(trainer)
    local run = { model = model, trainer = trainer, settings = settings, base_rate = rate, rate = rate,
        memory = {}, order = {}, factors = {}, list = list }
    check_list(fn, list)
    for _, callback in ipairs(list) do
        if type(callback) == "table" then
            local memory = memory_of(run, callback)
            if callback.options.monitor then
                check_monitor(callback, run)
            end
            if callback.begin then
                callback:begin(run, memory)
            end
        end
    end
    return run
end

-- After an epoch; the callbacks may set run.is_over.
function callbacks.after(run, m)
    run_of[m] = run
    m.rate = run.rate
    for _, callback in ipairs(run.list) do
        if callback(m) then
            run.is_over = true
        end
    end
end

function callbacks.finish(run)
    for _, callback in ipairs(run.order) do
        if callback.finish then
            callback:finish(run, run.memory[callback])
        end
    end
end

-- --- luma.early_stop ---

local stop_spec = {
    spec.monitor, spec.mode, spec.min_delta,
    { name = "patience", kind = "integer", min = 1, default = 3,
        text = "epochs in a row without a better figure that end the training" },
    { name = "restore", kind = "boolean", default = true,
        text = "give the model back the weights of its best epoch at the end" },
}

local function restore(run, memory, m)
    if memory.weights and not run.is_restored and m.epoch ~= memory.best_epoch then
        run.model:set_weights(memory.weights)
        run.is_restored = true
    end
end

local function stop_after(callback, run, memory, m)
    memory.last = m
    if callbacks.improves(callback, memory, m) then
        memory.n_waited = 0
        memory.weights = callback.options.restore and run.model:weights()
        return false
    end
    memory.n_waited = (memory.n_waited or 0) + 1
    if memory.n_waited < callback.options.patience then
        return false
    end
    run.is_over = true
    restore(run, memory, m)
    if memory.best then
        callbacks.say(run, "stopped after epoch %d: %s was best in epoch %d (%.4f)%s", m.epoch,
            callback.options.monitor, memory.best_epoch, memory.best,
            run.is_restored and ", whose weights are back" or "")
    end
    return true
end

local function stop_finish(_, run, memory)
    if memory.last then
        restore(run, memory, memory.last)
    end
end

local function early_stop(options)
    local fn = "luma.early_stop"
    return callbacks.new{ fn = fn, options = internal.options(fn, options, stop_spec), spec = stop_spec,
        after = stop_after, finish = stop_finish }
end

-- --- luma.checkpoint ---

local checkpoint_spec = {
    spec.monitor, spec.mode, spec.min_delta,
    { name = "generator", kind = "generator", text = "saved along, as model:save does" },
    parts = { what = "the path of a file", min = 1, max = 1 },
}

local function checkpoint_begin(callback)
    local folder = callback.path:match "^(.*)/[^/]*$"
    local file = not folder or folder == "" or io.open(folder)
    if not file then
        fail("ENOTFOUND", callback.fn, "there is no folder %s to save in; make it first", folder)
    elseif file ~= true then
        file:close()
    end
end

local function checkpoint_after(callback, run, memory, m)
    if callbacks.improves(callback, memory, m) then
        run.model:save(callback.path, { generator = callback.options.generator })
    end
end

local function checkpoint(options)
    local fn = "luma.checkpoint"
    local o = internal.options(fn, options, checkpoint_spec)
    if type(o[1]) ~= "string" or o[1] == "" then
        fail("EARG", fn, "list item 1 wants the path of a file, got %s", internal.value(o[1]))
    end
    return callbacks.new{ fn = fn, options = o, spec = checkpoint_spec, path = o[1], begin = checkpoint_begin,
        after = checkpoint_after }
end

local example = [[
local nn = luma.nn
local model = luma.model{ input={28, 28, 1}, nn.flatten{}, nn.dense{10, act="softmax"} }
local train, test = luma.dataset.digits{ train=100, test=10 }
local g = luma.generator{ luma.rescale(1/255) }
local flow, validate = g:flow(train), g:flow(test)
]]
callbacks.example = example

internal.define{
    "luma.early_stop", call = early_stop, options = stop_spec,
    signature = "luma.early_stop{ monitor=\"val_loss\", patience=3, min_delta=0, restore=true } -> callback",
    text = "Ends a training whose figure has stopped getting better, and gives the model the weights of its best "
        .. "epoch back. An item of the option `callbacks` of model:fit and model:train; or called with the metrics "
        .. "of a turn of model:train: true says that the loop ends with this turn. Afterwards its fields `best` and "
        .. "`best_epoch` tell the best figure and when it was reached.",
    example = example .. [[
local stop = luma.early_stop{ monitor="val_accuracy", patience=2 }
for epoch, m in model:train{ flow, epochs=4, validate=validate } do
    if stop(m) then break end
end
model:fit{ flow, epochs=4, callbacks={ luma.early_stop{ monitor="loss" } } }
assert(stop.best_epoch >= 1)]],
}
internal.define{
    "luma.checkpoint", call = checkpoint, options = checkpoint_spec,
    signature = "luma.checkpoint{ path, monitor=\"val_loss\", mode=\"auto\", generator=nil } -> callback",
    text = "Saves the model (as model:save does: the old file or the new one, never a part) after every epoch whose "
        .. "figure is the best so far. Used like luma.early_stop.",
    example = example .. [[
local path = os.tmpname()
model:fit{ flow, epochs=2, callbacks={ luma.checkpoint{ path, monitor="loss" } } }
local best = luma.load(path)
assert(best.params == model.params)
os.remove(path)]],
}

return callbacks
