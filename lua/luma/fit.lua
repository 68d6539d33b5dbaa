-- The loops of model:fit, model:train and model:steps.
--
-- Each turn is one call of the engine, and the user's code runs between turns, never inside: so an
-- error, a break or Ctrl-C always finds a model that ended its last step. The trainer is the
-- loop's closing value; leaving the loop in any way frees it.

local callbacks = require "luma.callbacks"
local engine = require "luma.engine"
local History = require "luma.history"
local warnings = require "luma.warnings"

-- fit.watch(fn, settings), where it is set, is called before the first epoch of model:fit and model:train, and
-- what it returns after each with m and the rate: for records of runs.
local fit = {}

-- What gives the flow of an epoch, where it is made anew for each: flows written in Lua.
local function epoch_flows(options)
    local flow = type(options) == "table" and rawget(options, 1)
    if type(flow) == "table" and flow.of_epoch then
        return function(epoch)
            return flow:of_epoch(epoch)
        end
    end
end

-- One epoch a turn: iterator, nil, nil, closing value.
local function epochs(fn, model, options)
    local of_epoch = epoch_flows(options)
    local trainer, settings = engine.trainer(fn, model, options, false)
    local run = callbacks.start(fn, model, trainer, settings)
    warnings.start(settings)
    local watch = fit.watch and fit.watch(fn, settings)
    local epoch = 0
    local function units()
        return engine.units(trainer)
    end
    local function next_epoch()
        if epoch == settings.epochs or run.is_over then
            callbacks.finish(run)
            return nil
        end
        local m = engine.epoch(fn, trainer, epoch + 1, settings.epochs, settings.progress,
            of_epoch and of_epoch(epoch + 1))
        epoch = epoch + 1
        m.epoch = epoch
        if settings.validate then
            local v = model:evaluate(settings.validate, { loss = settings.loss })
            m.val_loss, m.val_accuracy = v.loss, v.accuracy
        end
        if settings.progress then
            io.stderr:write(History.line(m, settings.epochs), "\n")
        end
        warnings.after(settings, m, run.rate, units)
        if watch then
            watch(m, run.rate)
        end
        callbacks.after(run, m)
        return epoch, m
    end
    return next_epoch, nil, nil, trainer
end

function fit.train(model, options)
    return epochs("model:train", model, options)
end

function fit.fit(model, options)
    local history = History.new()
    for _, m in epochs("model:fit", model, options) do
        History.add(history, m)
    end
    return history
end

function fit.steps(model, options)
    local of_epoch = epoch_flows(options)
    local trainer, settings = engine.trainer("model:steps", model, options, true)
    warnings.start(settings)
    local step, epoch = 0, 1
    local is_epoch_end = true
    local function next_step()
        if epoch > settings.epochs or step == settings.steps then
            return nil
        end
        local m
        m, is_epoch_end = engine.step("model:steps", trainer, is_epoch_end and of_epoch and of_epoch(epoch) or nil)
        step = step + 1
        m.step, m.epoch, m.is_epoch_end = step, epoch, is_epoch_end
        epoch = epoch + (is_epoch_end and 1 or 0)
        return step, m
    end
    return next_step, nil, nil, trainer
end

return fit
