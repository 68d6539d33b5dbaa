-- Sweeps: `rate=0.1,0.01 seed=1..5` stands for the ten runs of the product.
--
-- A list is cut at its commas, `\,` is a comma inside a value. A range is LOW..HIGH of integers or
-- LOW..HIGH..STEP; what does not read as numbers on both sides of the dots (`out=../a`) is plain text. Values stay
-- text: the script gives them their types. What can only be a slip is refused before anything runs.

local sweep = {}

local VALUES_MAX = 10000
local RUNS_MAX = 100000
-- Twelve digits hide what adding steps rounds wrong: 0.1..0.5..0.1 has 0.3 and not 0.30000000000000004.
local FRACTION = "%.12g"

local function number(text)
    return text:find "^[%d.eE+-]+$" and tonumber(text) or nil
end

local function range_text(value)
    return math.type(value) == "integer" and ("%d"):format(value) or FRACTION:format(value)
end

-- "0.1..0.5..0.1" -> { "0.1", "0.5", "0.1" }
local function cut_at_dots(text)
    local parts, from = {}, 1
    while true do
        local at = text:find("..", from, true)
        parts[#parts + 1] = text:sub(from, at and at - 1)
        if not at then
            return parts
        end
        from = at + 2
    end
end

-- The values of a range; nil when `text` is none; nil and what is wrong.
local function range(text)
    local parts = cut_at_dots(text)
    local low, high, step = number(parts[1]), number(parts[2] or ""), number(parts[3] or "1")
    if not (low and high and step) or #parts > 3 then
        return nil
    elseif #parts == 2 and not (math.type(low) == "integer" and math.type(high) == "integer") then
        return nil, ("the range %s of fractions needs a step: %s..0.1"):format(text, text)
    elseif step <= 0 or step - step ~= 0 then
        return nil, ("the step of the range %s must be greater than 0"):format(text)
    elseif low > high then
        return nil, ("the range %s is empty: it goes from %s down to %s"):format(text, parts[1], parts[2])
    elseif (high - low) / step >= VALUES_MAX then
        return nil, ("the range %s has more than %d values"):format(text, VALUES_MAX)
    end
    local values = {}
    -- The last step may be missed by a rounding.
    for i = 0, math.floor((high - low) / step + 1e-9) do
        values[#values + 1] = range_text(low + i * step)
    end
    return values
end

-- Cut at commas that no backslash precedes.
local function cut_at_commas(text)
    local marked = text:gsub("\\,", "\0")
    local parts = {}
    for part in (marked .. ","):gmatch "([^,]*)," do
        parts[#parts + 1] = (part:gsub("%z", ","))
    end
    return parts
end

local function check_values(name, values)
    local seen = {}
    for _, value in ipairs(values) do
        if value == "" and #values > 1 then
            return ("argument %s: a value of the list is empty; a comma inside a value is written \\,"):format(name)
        elseif seen[value] then
            return ("argument %s: the value %s is given twice"):format(name, value)
        end
        seen[value] = true
    end
    return #values > VALUES_MAX and ("argument %s has more than %d values"):format(name, VALUES_MAX)
end

-- "seed=1..3,7" -> { name = "seed", values = { "1", "2", "3", "7" } }; nil when the word is no argument; nil and what
-- is wrong with it.
function sweep.axis(word)
    local name, text = word:match "^([%a_][%w_]*)=(.*)$"
    if not name then
        return nil
    end
    local values = {}
    for _, part in ipairs(cut_at_commas(text)) do
        local list, wrong = range(part)
        if wrong then
            return nil, ("argument %s: %s"):format(name, wrong)
        end
        table.move(list or { part }, 1, list and #list or 1, #values + 1, values)
    end
    local wrong = check_values(name, values)
    return not wrong and { name = name, values = values } or nil, wrong or nil
end

-- How many runs the axes make; nil and why not when they are too many.
function sweep.count(axes)
    local n = 1
    for _, axis in ipairs(axes) do
        n = n * #axis.values
        if n > RUNS_MAX then
            return nil, ("the arguments make more than %d runs"):format(RUNS_MAX)
        end
    end
    return n
end

-- All combinations, the last axis fastest: a list of lists of { name =, value = }.
function sweep.product(axes)
    local runs = { {} }
    for _, axis in ipairs(axes) do
        local longer = {}
        for _, run in ipairs(runs) do
            for _, value in ipairs(axis.values) do
                local more = table.move(run, 1, #run, 1, {})
                more[#more + 1] = { name = axis.name, value = value }
                longer[#longer + 1] = more
            end
        end
        runs = longer
    end
    return runs
end

return sweep
