-- What model:fit gives back: one list a figure, one number an epoch.

local internal = require "luma.internal"

local History = {}

local figures = { "loss", "accuracy", "val_loss", "val_accuracy", "rate", "seconds" }
History.figures = figures

local formats = {
    loss = "%.4f", val_loss = "%.4f", rate = "%.3g", seconds = "%.2f",
    accuracy = "%.2f %%", val_accuracy = "%.2f %%",
}

local function cell(name, value)
    local is_share = name:find "accuracy$"
    return formats[name]:format(is_share and 100 * value or value)
end

local methods = {}
local history_meta = { __name = "history", __index = methods }

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

-- --- files ---

local function digits(value)
    return require "luma.json".digits(value)
end

-- One text an epoch; `row(list of { name, value or nil })` makes it.
local function rows(history, row)
    local lines = {}
    for epoch = 1, history.epochs do
        local cells = { { "epoch", epoch } }
        for _, name in ipairs(figures) do
            if history[name] then
                cells[#cells + 1] = { name, history[name][epoch] }
            end
        end
        lines[epoch] = row(cells)
    end
    return lines
end

local function join(cells, text)
    local parts = {}
    for i, c in ipairs(cells) do
        parts[i] = text(c[1], c[2])
    end
    return table.concat(parts, ",")
end

local writers = {}

-- The columns and rows of a picture of the curves, drawn by luma.curves.
function writers.svg(history)
    local columns = { "epoch" }
    for _, name in ipairs(figures) do
        columns[#columns + 1] = history[name] and name or nil
    end
    local list = rows(history, function(cells)
        local row = {}
        for i = 1, #columns do
            row[i] = cells[i][2] or false
        end
        return row
    end)
    return { (require "luma.curves".file{ columns = columns, rows = list }:gsub("\n$", "")) }
end

function writers.csv(history)
    local head
    local lines = rows(history, function(cells)
        head = head or join(cells, function(name) return name end)
        return join(cells, function(_, value) return value and digits(value) or "" end)
    end)
    table.insert(lines, 1, head or "epoch")
    return lines
end

-- JSON has neither NaN nor infinities.
function writers.jsonl(history)
    return rows(history, function(cells)
        return "{" .. join(cells, function(name, value)
            local is_number = value and value - value == 0
            return ('"%s":%s'):format(name, is_number and digits(value) or "null")
        end) .. "}"
    end)
end

function methods.save(history, path)
    local fn = "history:save"
    local writer = type(path) == "string" and writers[path:match "%.(%w+)$"]
    if getmetatable(history) ~= history_meta then
        internal.raise("EARG", ("%s: called without its object; write history:save(path)"):format(fn))
    elseif not writer then
        internal.raise("EARG", ("%s: argument 1 (path) wants a name that ends in .csv, .jsonl or .svg, got %s"):format(
            fn, internal.value(path)))
    end
    local lines = writer(history)
    lines[#lines + 1] = ""
    internal.write(fn, path, table.concat(lines, "\n"))
    return history
end

local show_options = {
    { name = "columns", kind = "integer", min = 20, max = 1000,
        text = "width of the drawing; the terminal's if absent" },
}

function methods.show(history, options)
    local fn = "history:show"
    if getmetatable(history) ~= history_meta then
        internal.raise("EARG", ("%s: called without its object; write history:show()"):format(fn))
    end
    local o = internal.options(fn, options, show_options)
    io.stdout:write(require "luma.draw_history"(history, require "luma.draw".style(fn, o.columns)))
    return history
end

local history_example = [[
local nn = luma.nn
local model = luma.model{ input={28, 28, 1}, nn.flatten{}, nn.dense{10, act="softmax"} }
local train = luma.dataset.digits{ train=100, test=10 }
local history = model:fit{ luma.generator{ luma.rescale(1/255) }:flow(train), epochs=2 }
]]

-- Values of this type are plain tables, so its docs are entered by hand.
internal.define{
    "history", signature = "history",
    text = "What model:fit gives back: lists loss, accuracy, val_loss, val_accuracy, rate, seconds of one number an "
        .. "epoch; #history is the number of epochs, print(history) a table.",
    example = history_example .. "print(history)",
}
internal.define{
    "history:save", signature = "history:save(path) -> history",
    text = "Writes the figures, one epoch a line: as a table with a head (.csv), or as one JSON object a line "
        .. "(.jsonl; null for what is no finite number), all digits kept; or draws the curves as a picture (.svg), "
        .. "loss and accuracy of training and validation. The old file stays until the new one is complete.",
    example = history_example .. [[
local path = os.tmpname() .. ".csv"
history:save(path)
os.remove(path)]],
}

internal.define{
    "history:show", signature = "history:show{ columns= } -> history", options = show_options,
    text = "Draws loss and accuracy, of validation beside those of training, in the terminal: lines of dots in colour "
        .. "where it has colours and the locale is UTF-8, else plain characters.",
    example = history_example .. "history:show{ columns=60 }",
}

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
