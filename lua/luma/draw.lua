-- Charts for the terminal: a text with axes around lines or bars.
--
-- A character is 2 x 4 dots of braille where the terminal has colours and the locale UTF-8, else one mark of
-- ASCII. What colours tell apart is told apart without them too: by gaps in a line, or by its mark. Every line of
-- a text that sets a colour resets it.

local internal = require "luma.internal"
local svg = require "luma.svg" -- its axes

local draw = {}

-- Readable on black and on white: blue, orange; red, green, blue.
draw.colors = { first = 33, second = 208, red = 196, green = 34, blue = 33 }

-- How to draw on standard output; `columns` where the caller wants another width.
function draw.style(fn, columns)
    local screen = internal.screen(fn)
    local has_color = screen.mode ~= "plain"
    return { columns = columns or screen.columns, has_color = has_color, is_fine = has_color and screen.is_utf8 }
end

function draw.paint(style, color, text)
    return style.has_color and color and ("\27[38;5;%dm%s\27[0m"):format(color, text) or text
end

-- --- dots ---

local Canvas = {}
Canvas.__index = Canvas

-- Bits of the dots of U+2800: columns of a cell, from above.
local BITS = { { 0x01, 0x02, 0x04, 0x40 }, { 0x08, 0x10, 0x20, 0x80 } }

function draw.canvas(style, columns, rows)
    local fine = style.is_fine
    return setmetatable({
        style = style, columns = columns, rows = rows, cells = {}, colors = {},
        width = fine and 2 * columns or columns, height = fine and 4 * rows or rows, -- in dots
    }, Canvas)
end

-- x and y from 0, from the upper left.
function Canvas.set(canvas, x, y, color, mark)
    local fine = canvas.style.is_fine
    local cell = (fine and y // 4 or y) * canvas.columns + (fine and x // 2 or x)
    if fine then
        canvas.cells[cell] = (canvas.cells[cell] or 0) | BITS[x % 2 + 1][y % 4 + 1]
    else
        canvas.cells[cell] = mark
    end
    canvas.colors[cell] = color
end

-- A character of the caller's instead of dots; nil: none.
function Canvas.put(canvas, column, row, color, text)
    canvas.cells[row * canvas.columns + column] = text
    canvas.colors[row * canvas.columns + column] = color
end

-- Line of dots; those with is_gap(number of the dot) stay empty. `n` dots were drawn of it before.
function Canvas.line(canvas, x0, y0, x1, y1, s, n)
    local steps = math.max(math.abs(x1 - x0), math.abs(y1 - y0))
    for i = 0, steps do
        local share = steps > 0 and i / steps or 0
        if not (s.is_gap and s.is_gap(n + i)) then
            canvas:set(math.floor(x0 + (x1 - x0) * share + 0.5), math.floor(y0 + (y1 - y0) * share + 0.5), s.color,
                s.mark)
        end
    end
    return n + steps
end

-- Row `row` (from 0) as text; cells of one colour are painted together.
function Canvas.row(canvas, row)
    local style, parts, run, color = canvas.style, {}, {}, nil
    local function flush()
        parts[#parts + 1] = draw.paint(style, color, table.concat(run))
        run = {}
    end
    for column = 0, canvas.columns - 1 do
        local cell = row * canvas.columns + column
        local value = canvas.cells[cell]
        if value and canvas.colors[cell] ~= color or not value and color then
            flush()
            color = value and canvas.colors[cell] or nil
        end
        run[#run + 1] = not value and " " or math.type(value) and utf8.char(0x2800 + value) or value
    end
    flush()
    return table.concat(parts)
end

-- --- axes ---

local FINE = { tick = "┤", side = "│", corner = "└", bottom = "─", below = "┬" }
local PLAIN = { tick = "+", side = "|", corner = "+", bottom = "-", below = "+" }

-- From 1 to n: ticks at 1 and at whole multiples of 2, 5 or 10 times a power of ten.
function draw.count_axis(n)
    local step = 1
    for factor = 1, math.huge do
        step = ({ 1, 2, 5 })[(factor - 1) % 3 + 1] * 10 ^ ((factor - 1) // 3) // 1 | 0
        if n // step <= 8 then
            break
        end
    end
    local axis = { low = 1, high = n, ticks = { { value = 1, text = "1" } } }
    for value = step, n, step do
        axis.ticks[#axis.ticks + 1] = value > 1 and { value = value, text = tostring(value) } or nil
    end
    function axis.share(value) return (value - 1) / (n - 1) end
    return axis
end

-- The number of distances between rows nearest to `most` that gives the ticks of an axis equal ones.
function draw.rows(y, most)
    local n = math.max(#y.ticks - 1, 1)
    return math.max((most + n // 2) // n, 1) * n
end

local function pad_left(text, width)
    return (" "):rep(width - #text) .. text
end

-- Texts centred below their columns; those that would touch the one before, or the last, are left out.
local function label_line(ticks, column, columns, margin)
    local function place(tick)
        local first = margin + 1 + column(tick.value) - #tick.text // 2
        return math.max(margin, math.min(first, margin + 1 + columns - #tick.text))
    end
    local line, last = (" "):rep(margin), ticks[#ticks]
    for _, tick in ipairs(ticks) do
        local first = place(tick)
        local is_free = #line == margin or first > #line
        if is_free and (tick == last or first + #tick.text < place(last)) then
            line = line .. (" "):rep(first - #line) .. tick.text
        end
    end
    return line
end

-- Room left for a chart with this axis at its left: width of the labels, columns of the canvas.
function draw.room(style, y)
    local margin = 0
    for _, tick in ipairs(y.ticks) do
        margin = math.max(margin, #tick.text)
    end
    return margin + 1, math.max(style.columns - margin - 2, 8)
end

-- The canvas between its axes: a list of lines. column(value) is where a tick of x belongs. With bars a tick of y
-- is at the row that a bar of that height fills up, 0 below all rows.
function draw.framed(canvas, x, y, column, has_bars)
    local style, lines, at_row = canvas.style, {}, {}
    local frame = style.is_fine and FINE or PLAIN
    local margin = draw.room(style, y)
    local last = has_bars and canvas.rows or canvas.rows - 1
    for _, tick in ipairs(y.ticks) do
        at_row[math.floor((1 - y.share(tick.value)) * last + 0.5)] = tick.text
    end
    for row = 0, canvas.rows - 1 do
        local text = at_row[row]
        local line = pad_left(text or "", margin - 1) .. " " .. (text and frame.tick or frame.side) .. canvas:row(row)
        lines[row + 1] = line:gsub("%s+$", "")
    end
    local bottom = {}
    for i = 1, canvas.columns do
        bottom[i] = frame.bottom
    end
    for _, tick in ipairs(x.ticks) do
        bottom[column(tick.value) + 1] = frame.below
    end
    lines[#lines + 1] = pad_left(at_row[canvas.rows] or "", margin - 1) .. " " .. frame.corner .. table.concat(bottom)
    lines[#lines + 1] = label_line(x.ticks, column, canvas.columns, margin)
    return lines
end

-- --- lines over a common axis ---

local function each_stretch(points, visit)
    local last
    for _, p in ipairs(points) do
        local is_finite = svg.is_finite(p[2])
        if is_finite then
            visit(last or p, p)
        end
        last = is_finite and p or nil
    end
end

-- series: { points = { { x, y }, ... }, color, mark, is_gap }; the first lies on top.
function draw.lines(style, x, y, rows, series)
    local _, columns = draw.room(style, y)
    local canvas = draw.canvas(style, columns, draw.rows(y, rows - 1) + 1)
    local function at(p)
        return math.floor(x.share(p[1]) * (canvas.width - 1) + 0.5),
            math.floor((1 - y.share(p[2])) * (canvas.height - 1) + 0.5)
    end
    for i = #series, 1, -1 do
        local n = 0
        each_stretch(series[i].points, function(a, b)
            local x0, y0 = at(a)
            local x1, y1 = at(b)
            n = canvas:line(x0, y0, x1, y1, series[i], n)
        end)
    end
    return draw.framed(canvas, x, y, function(value)
        return math.floor(x.share(value) * (columns - 1) + 0.5)
    end)
end

return draw
