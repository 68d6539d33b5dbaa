-- luma.schedule: how the rate of an optimizer changes from epoch to epoch.
--
-- Each schedule gives a factor for an epoch; the rate is the optimizer's own times all factors, so
-- schedules go together (a warm-up and a cosine) and their order does not matter.

local callbacks = require "luma.callbacks"
local engine = require "luma.engine"
local internal = require "luma.internal"

-- The factor from the next epoch on.
local function set_factor(run, callback, factor)
    run.factors[callback] = factor
    local rate = run.base_rate
    for _, other in ipairs(run.order) do
        rate = rate * (run.factors[other] or 1)
    end
    run.rate = rate
    engine.rate(run.trainer, rate)
end

-- Schedules that follow the number of the epoch: factor(options, epoch, epochs of the training).
local function by_epoch(fn, options, spec, factor, is_first_needed)
    local o = internal.options(fn, options, spec)
    local function set(callback, run, epoch)
        set_factor(run, callback, factor(o, epoch, run.settings.epochs))
    end
    return callbacks.new{
        fn = fn, options = o, spec = spec, is_first_needed = is_first_needed,
        begin = function(callback, run)
            set(callback, run, 1)
        end,
        after = function(callback, run, _, m)
            set(callback, run, m.epoch + 1)
        end,
    }
end

local floor = { name = "floor", kind = "number", min = 0, max = 1, default = 0,
    text = "the least share of the optimizer's rate" }

local step_spec = {
    { name = "every", kind = "integer", min = 1, default = 10, text = "epochs from one step to the next" },
    { name = "factor", kind = "number", min = 0, max = 1, default = 0.1, text = "what a step multiplies the rate by" },
}

local function step(options)
    return by_epoch("luma.schedule.step", options, step_spec, function(o, epoch)
        return o.factor ^ ((epoch - 1) // o.every)
    end)
end

local cosine_spec = {
    { name = "epochs", kind = "integer", min = 1, text = "epochs from top to bottom; default those of the training" },
    floor,
}

local function cosine(options)
    return by_epoch("luma.schedule.cosine", options, cosine_spec, function(o, epoch, n_epochs)
        local t = math.min(1, (epoch - 1) / (o.epochs or n_epochs))
        return o.floor + (1 - o.floor) * 0.5 * (1 + math.cos(math.pi * t))
    end)
end

local warmup_spec = {
    { name = "epochs", kind = "integer", min = 1, default = 3, text = "epochs below the full rate" },
}

local function warmup(options)
    return by_epoch("luma.schedule.warmup", options, warmup_spec, function(o, epoch)
        return math.min(1, epoch / (o.epochs + 1))
    end, true)
end

local plateau_spec = {
    callbacks.spec.monitor, callbacks.spec.mode, callbacks.spec.min_delta,
    { name = "patience", kind = "integer", min = 1, default = 3,
        text = "epochs in a row without a better figure that lower the rate" },
    { name = "factor", kind = "number", min = 0, max = 1, default = 0.1, text = "what the rate is multiplied by then" },
    floor,
}

local function plateau_after(callback, run, memory, m)
    local o = callback.options
    if callbacks.improves(callback, memory, m) then
        memory.n_waited = 0
        return
    end
    memory.n_waited = (memory.n_waited or 0) + 1
    local now = run.factors[callback] or 1
    local lower = math.max(o.floor, now * o.factor)
    if memory.n_waited >= o.patience and lower < now then
        memory.n_waited = 0
        set_factor(run, callback, lower)
        callbacks.say(run, "%s has not become better for %d epochs: the rate is now %.3g", o.monitor, o.patience,
            run.rate)
    end
end

local function plateau(options)
    local fn = "luma.schedule.plateau"
    return callbacks.new{ fn = fn, options = internal.options(fn, options, plateau_spec), spec = plateau_spec,
        after = plateau_after }
end

internal.define{
    "luma.schedule.step", call = step, options = step_spec,
    signature = "luma.schedule.step{ every=10, factor=0.1 } -> callback",
    text = "The rate falls in steps: it is multiplied by `factor` every so many epochs. Schedules are items of the "
        .. "option `callbacks` of model:fit and model:train; several multiply. m.rate and history.rate tell the "
        .. "rate of an epoch.",
    example = callbacks.example .. [[
local history = model:fit{ flow, epochs=4, callbacks={ luma.schedule.step{ every=2, factor=0.5 } } }
assert(history.rate[2] == 1e-3 and history.rate[3] == 0.5e-3)]],
}
internal.define{
    "luma.schedule.cosine", call = cosine, options = cosine_spec,
    signature = "luma.schedule.cosine{ epochs=nil, floor=0 } -> callback",
    text = "The rate falls along half a cosine wave, from the optimizer's own in the first epoch towards `floor` "
        .. "times that, which the epoch after `epochs` would have. Used like luma.schedule.step.",
    example = callbacks.example .. [[
local history = model:fit{ flow, epochs=4, callbacks={ luma.schedule.warmup{ epochs=1 }, luma.schedule.cosine{} } }
assert(math.abs(history.rate[3] - 0.5e-3) < 1e-9)]],
}
internal.define{
    "luma.schedule.warmup", call = warmup, options = warmup_spec,
    signature = "luma.schedule.warmup{ epochs=3 } -> callback",
    text = "The rate rises in equal steps from epoch to epoch and is the optimizer's own (or that of another "
        .. "schedule) in the epoch after `epochs`. Only as an item of the option `callbacks`, because it sets the "
        .. "rate of the first epoch.",
    example = callbacks.example .. [[
local history = model:fit{ flow, epochs=4, callbacks={ luma.schedule.warmup{ epochs=3 } } }
assert(history.rate[1] == 1e-3 / 4 and history.rate[4] == 1e-3)]],
}
internal.define{
    "luma.schedule.plateau", call = plateau, options = plateau_spec,
    signature = "luma.schedule.plateau{ monitor=\"val_loss\", patience=3, factor=0.1, floor=0 } -> callback",
    text = "The rate is multiplied by `factor` whenever the figure has not become better for `patience` epochs, down "
        .. "to `floor` times the optimizer's own. Used like luma.early_stop.",
    example = callbacks.example .. [[
local slower = luma.schedule.plateau{ monitor="loss", patience=1, factor=0.5 }
for epoch, m in model:train{ flow, epochs=3 } do slower(m) end]],
}
