-- What is likely to go wrong with a training, said on stderr before it costs an hour.
--
-- A warning is no error: each may be wrong about a training that is meant so. Every line of a script
-- gets each kind once, so that a loop over trainings does not repeat itself. `luma run --quiet` has none.

local internal = require "luma.internal"

local warnings = {}

local said = {}

local function warn(kind, text, ...)
    local key = kind .. internal.where()
    if not said[key] then
        said[key] = true
        internal.warn(text:format(...))
    end
end

-- Weights start for inputs of size 1. Bytes have 80 and more; whatever is standardized or whitened has
-- about 1, even where single pixels reach 100.
local RMS_MAX = 10
-- 1/255 taken twice makes 0.0015 of bytes.
local RMS_MIN = 0.003

local function check_range(facts)
    if not facts.rms then
        return
    elseif facts.rms > RMS_MAX then
        warn("range", "the network gets pixels from %.4g to %.4g, too large to train well; scale them to about -1..1, "
            .. "as luma.rescale(1/255) or luma.standardize do", facts.lo, facts.hi)
    elseif facts.lo == facts.hi then
        warn("range", "all pixels that reach the network are %.4g: there is nothing to learn from", facts.lo)
    elseif facts.rms < RMS_MIN then
        warn("range", "the network gets pixels from %.4g to %.4g, too small to train well; are they rescaled twice?",
            facts.lo, facts.hi)
    end
end

-- Images of each class, or nil where images have no classes.
local function counts_of(flow)
    local ok, counts = pcall(function() return flow.dataset:counts() end)
    return ok and #counts > 0 and counts or nil
end

local MAX_NAMES = 5

-- Classes that the first set has images of and the second has not.
local function missing(classes, has, lacks)
    local names, n = {}, 0
    for k, class in ipairs(classes) do
        if (has[k] or 0) > 0 and (lacks[k] or 0) == 0 then
            n = n + 1
            names[n] = n <= MAX_NAMES and ("'%s'"):format(class) or nil
        end
    end
    if n > 0 then
        return table.concat(names, ", ") .. (n > MAX_NAMES and (" and %d more"):format(n - MAX_NAMES) or "")
    end
end

-- A class that neither split has was left out on purpose (dataset:filter).
local function check_classes(settings)
    local train = settings.facts.is_class and counts_of(settings.flow)
    local validate = train and counts_of(settings.validate)
    if not validate then
        return
    end
    local classes = settings.flow.dataset.classes
    local unlearnt = missing(classes, validate, train)
    if unlearnt then
        warn("train", "the training images have none of %s, which the validation images have: the network cannot "
            .. "learn it", unlearnt)
    end
    local unseen = missing(classes, train, validate)
    if unseen then
        warn("validate", "the validation images have none of %s: their figures say nothing about it", unseen)
    end
end

-- Before anything is trained.
function warnings.start(settings)
    local facts = settings.facts
    check_range(facts)
    if not facts.is_shuffled and facts.n_batches > 1 then
        warn("order", "the training flow is not shuffled: each epoch repeats the same batches; leave out shuffle=false")
    end
    check_classes(settings)
end

-- Fewer steps may be too few to leave chance behind.
local STEPS_MIN = 50

-- The largest class's name, its share of the images, and how many there are.
local function largest(settings)
    local counts = settings.facts.is_class and counts_of(settings.flow)
    if not counts then
        return
    end
    local best, n = 1, 0
    for k, count in ipairs(counts) do
        n = n + count
        best = count > counts[best] and k or best
    end
    return settings.flow.dataset.classes[best], counts[best] / n, n, #counts
end

-- A layer most of whose units are 0 for whatever image: gradients do not pass them any more.
local DEAD_SHARE = 0.9

local function check_units(settings, m, rate, units)
    if settings.is_dead_said then
        return
    end
    for _, layer in ipairs(units() or {}) do
        if layer.n_dead > DEAD_SHARE * layer.n then
            settings.is_dead_said = true
            warn("dead", "after epoch %d, %d of the %d units of layer %d (%s) are 0 for each of %d images: they will "
                .. "not learn again; a lower rate (now %.3g) may keep them alive", m.epoch, layer.n_dead, layer.n,
                layer.layer, layer.kind, layer.n_images, rate)
            return
        end
    end
end

-- After an epoch: an accuracy that guessing would have, but for two standard deviations.
local function check_accuracy(settings, m, rate)
    if m.epoch ~= 1 or not m.accuracy or settings.facts.n_batches < STEPS_MIN then
        return
    end
    local class, share, n, n_classes = largest(settings)
    if not class or share == 1 then
        return
    end
    local is_even = settings.facts.is_even
    local chance = is_even and 1 / n_classes or share
    if m.accuracy > chance + 2 * math.sqrt(chance * (1 - chance) / n) then
        return
    end
    settings.is_chance_said = true
    warn("chance", "after epoch 1 the accuracy is %.2f %%, no better than always answering '%s' (%.2f %%%s); another "
        .. "rate (now %.3g) or pixels scaled to about -1..1 may help", 100 * m.accuracy, class, 100 * chance,
        is_even and ", as every class" or " of the images, the largest class", rate)
end

-- A loss that stays where it was to four digits: training moves it more even where it has all but ended.
local STILL = 1e-4

-- After epoch 2: the loss of a network that no step changes. One stuck at chance was told so already.
local function check_movement(settings, m, rate)
    local before = settings.loss_before
    settings.loss_before = m.loss
    if m.epoch ~= 2 or not before or before == 0 or rate == 0 or settings.is_chance_said then
        return
    end
    if settings.facts.n_batches >= STEPS_MIN and math.abs(m.loss - before) <= STILL * math.abs(before) then
        warn("still", "the loss is the same after epoch 2 as after epoch 1, %.4f: the network does not learn; the rate "
            .. "(now %.3g) may be too low", m.loss, rate)
    end
end

-- After an epoch; units() gives what engine.units does.
function warnings.after(settings, m, rate, units)
    check_accuracy(settings, m, rate)
    check_movement(settings, m, rate)
    check_units(settings, m, rate, units)
end

return warnings
