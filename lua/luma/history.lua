-- What model:fit gives back: one list a figure, one number an epoch.

local History = {}

local figures = { "loss", "accuracy", "val_loss", "val_accuracy", "rate", "seconds" }

local formats = {
    loss = "%.4f", val_loss = "%.4f", rate = "%.3g", seconds = "%.2f",
    accuracy = "%.2f %%", val_accuracy = "%.2f %%",
}

local function cell(name, value)
    local is_share = name:find "accuracy$"
    return formats[name]:format(is_share and 100 * value or value)
end

local history_meta = { __name = "history" }

-- The rate is worth a column where it changes.
local function is_shown(history, name)
    local list = history[name]
    for epoch = 2, name == "rate" and list and #list or 0 do
        if list[epoch] ~= list[1] then
            return true
        end
    end
    return list and name ~= "rate"
end

function history_meta.__len(history)
    return history.epochs
end

function history_meta.__tostring(history)
    local lines = { "epoch" }
    for epoch = 1, history.epochs do
        lines[epoch + 1] = ("%5d"):format(epoch)
    end
    for _, name in ipairs(figures) do
        local width = math.max(#name, 8)
        for i = 1, is_shown(history, name) and #lines or 0 do
            local text = i == 1 and name or cell(name, history[name][i - 1])
            lines[i] = lines[i] .. "  " .. (" "):rep(width - #text) .. text
        end
    end
    return table.concat(lines, "\n")
end

function History.new()
    return setmetatable({ epochs = 0 }, history_meta)
end

-- Appends an epoch's figures.
function History.add(history, m)
    history.epochs = history.epochs + 1
    for _, name in ipairs(figures) do
        if m[name] then
            history[name] = history[name] or {}
            history[name][history.epochs] = m[name]
        end
    end
end

-- "loss 0.1841  accuracy 94.48 %", without the accuracy where values are predicted.
local function figures_of(loss, accuracy)
    return accuracy and ("loss %.4f  accuracy %.2f %%"):format(loss, 100 * accuracy) or ("loss %.4f"):format(loss)
end

-- "epoch 1/5  loss 0.1841  accuracy 94.48 %  3.1 s"
function History.line(m, n_epochs)
    local text = ("epoch %d/%d  "):format(m.epoch, n_epochs) .. figures_of(m.loss, m.accuracy)
    if m.val_loss then
        text = text .. "  validation " .. figures_of(m.val_loss, m.val_accuracy)
    end
    return text .. ("  %.1f s"):format(m.seconds)
end

return History
