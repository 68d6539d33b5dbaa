-- What every picture of figures needs: text that is safe in XML, numbers people read, axes.
--
-- Everything written is a function of its arguments alone: the same figures give the same bytes. Colours
-- are classes; luma.palette says what they look like, in a page as in a file of its own.

local svg = {}

-- --- text ---

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

-- What would be invisible, or turn the text around it, is shown by its name.
local function visible(code)
    if code < 0x20 then
        return utf8.char(0x2400 + code)
    elseif code == 0x7F then
        return utf8.char(0x2421)
    end
    local is_bidi = code >= 0x202A and code <= 0x202E or code >= 0x2066 and code <= 0x2069
    local is_none = code >= 0x80 and code < 0xA0 or code & 0xFFFE == 0xFFFE or code >= 0xFDD0 and code <= 0xFDEF
    return is_bidi and ("[U+%04X]"):format(code) or is_none and "\u{FFFD}" or utf8.char(code)
end

-- Valid UTF-8 without characters that XML or HTML forbid; every other byte becomes U+FFFD.
function svg.clean(text)
    if not text:find "[\0-\8\11-\31\127-\255]" then
        return text
    end
    local parts, at = {}, 1
    while at <= #text do
        local n, bad = utf8.len(text, at)
        local last = n and #text or bad - 1
        if last >= at then
            local good = text:sub(at, last):gsub("[\0-\8\11-\31\127]", function(c) return visible(c:byte()) end)
            parts[#parts + 1] = good:gsub("[\194\226\239\240-\244][\128-\191]+", function(c)
                return visible(utf8.codepoint(c))
            end)
        end
        if not n then
            parts[#parts + 1] = "\u{FFFD}"
        end
        at = last + (n and 1 or 2)
    end
    return table.concat(parts)
end

-- Text for an element or a quoted attribute of XML and HTML.
function svg.escape(text)
    return (svg.clean(text):gsub("[&<>\"']", entities))
end

-- --- numbers ---

-- Whether it can be drawn: a number, not NaN, and small enough for differences to be finite.
function svg.is_finite(value)
    return type(value) == "number" and value == value and math.abs(value) <= 1e300
end

svg.commas = require "luma.commas"

-- At most `digits` digits (6), without needless zeros.
function svg.number(value, digits)
    if math.type(value) == "integer" then
        return ("%d"):format(value)
    elseif value ~= value then
        return "nan"
    end
    local text = ("%%.%dg"):format(digits or 6):format(value)
    return (text:gsub("^%-0$", "0"))
end

-- "98.70 %"
function svg.percent(share)
    return ("%.2f %%"):format(100 * share)
end

-- A coordinate: tenths are finer than any screen shows.
function svg.at(value)
    local text = ("%.1f"):format(value):gsub("%.0$", "")
    return text == "-0" and "0" or text
end

-- --- axes ---

-- The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `step`.
local function nice(step)
    local power = 10.0 ^ math.floor(math.log(step, 10) + 1e-9)
    for _, factor in ipairs { 1, 2, 2.5, 5 } do
        if factor * power >= step * (1 - 1e-9) then
            return factor * power
        end
    end
    return 10 * power
end

-- "1e6", not "1e+06".
local function power_text(value)
    return (("%.4g"):format(value):gsub("e%+?(%-?)0*(%d)", "e%1%2"))
end

-- As many decimals as tell the ticks apart.
local function tick_text(value, step)
    if math.abs(value) >= 1e6 or step < 1e-4 then
        return power_text(value)
    end
    local decimals = 0
    while decimals < 6 and math.abs(step * 10 ^ decimals - math.floor(step * 10 ^ decimals + 0.5)) > 1e-6 do
        decimals = decimals + 1
    end
    local text = ("%%.%df"):format(decimals):format(value)
    return tonumber(text) == 0 and (text:gsub("^%-", "")) or text
end

local function percent_text(value, step)
    return tick_text(100 * value, 100 * step) .. " %"
end

-- A range that is not a point.
local function widen(low, high)
    local size = math.max(math.abs(low), math.abs(high))
    if high - low <= size * 1e-6 or size < 1e-300 then
        local by = size < 1e-300 and 1 or size * 0.05
        return low - by, high + by
    end
    return low, high
end

-- An axis over low..high: fields low, high, ticks ({ value, text }), share(value) 0..1. Options: count
-- (ticks wanted), least (smallest step), text ("percent"), tight (the ends stay where they are), floor and
-- ceiling (the axis does not go beyond).
function svg.axis(low, high, o)
    o = o or {}
    low, high = widen(low, high)
    local step = math.max(nice((high - low) / (o.count or 5)), o.least or 0)
    if not o.tight then
        low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        low, high = math.max(low, o.floor or low), math.min(high, o.ceiling or high)
    end
    local axis = { low = low, high = high, ticks = {} }
    local text = o.text == "percent" and percent_text or tick_text
    for i = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6) do
        axis.ticks[#axis.ticks + 1] = { value = i * step, text = text(i * step, step) }
    end
    function axis.share(value) return (value - low) / (high - low) end
    return axis
end

-- The same on a logarithm, 0 < low < high: ticks at 1, 2 and 5 times the powers of ten, or fewer.
function svg.log_axis(low, high)
    local span = math.log(high / low, 10)
    local factors = span > 4 and { 1 } or span > 2 and { 1, 3 } or { 1, 2, 5 }
    local every = math.max(1, math.ceil(span / 6))
    local first = math.floor(math.log(low, 10))
    local axis = { low = low, high = high, ticks = {}, is_log = true }
    for power = first, math.ceil(math.log(high, 10)) do
        for _, factor in ipairs(power % every == 0 and factors or {}) do
            local value = factor * 10.0 ^ power
            if value >= low * 0.999 and value <= high * 1.001 then
                axis.ticks[#axis.ticks + 1] = { value = value, text = power_text(value) }
            end
        end
    end
    function axis.share(value) return math.log(value / low) / math.log(high / low) end
    return axis
end

-- --- the frame of a picture ---

-- A letter of 12 px is hardly ever wider.
local LETTER <const> = 7.2

-- How wide a text of 12 px is at most.
function svg.width(text)
    return (utf8.len(text) or #text) * LETTER
end

-- The first letters of a text that is too long for its place.
function svg.short(text, most)
    local clean = svg.clean(text)
    local last = utf8.offset(clean, most + 1)
    return last and last <= #clean and clean:sub(1, utf8.offset(clean, most) - 1) .. "…" or clean
end

-- Room for a picture of width x height whose axes are x and y: frame.x(value), frame.y(value) are
-- coordinates. o.right is what names beside the lines need.
function svg.frame(o)
    local left, right = 0, math.max(14, o.right or 0)
    for _, tick in ipairs(o.y.ticks) do
        left = math.max(left, svg.width(tick.text))
    end
    for _, tick in ipairs(o.x.ticks) do
        right = tick.value == o.x.high and math.max(right, svg.width(tick.text) / 2 + 2) or right
    end
    local f = { left = math.ceil(left) + 12, right = math.floor(o.width - right), top = 34, bottom = o.height - 42 }
    f.width, f.height = o.width, o.height
    function f.x(value) return f.left + (f.right - f.left) * o.x.share(value) end
    function f.y(value) return f.bottom - (f.bottom - f.top) * o.y.share(value) end
    return f
end

-- Grid, ticks, the picture's heading and the name of the x axis.
function svg.draw_axes(put, f, o)
    put('<text class="head" x="2" y="16">%s</text>', svg.escape(svg.short(o.title, 48)))
    for _, tick in ipairs(o.y.ticks) do
        local y = f.y(tick.value)
        put('<path class="grid" d="M%d %sH%s"/><text x="%d" y="%s" text-anchor="end">%s</text>', f.left, svg.at(y),
            svg.at(f.right), f.left - 6, svg.at(y + 4), svg.escape(tick.text))
    end
    put('<path class="axis" d="M%d %dH%s"/>', f.left, f.bottom, svg.at(f.right))
    for _, tick in ipairs(o.x.ticks) do
        put('<text x="%s" y="%d" text-anchor="middle">%s</text>', svg.at(f.x(tick.value)), f.bottom + 17,
            svg.escape(tick.text))
    end
    put('<text x="%s" y="%d" text-anchor="middle">%s</text>', svg.at((f.left + f.right) / 2), f.height - 6,
        svg.escape(svg.short(o.x_name, 40)))
end

-- A list that text is put into by format; list:text() joins it.
function svg.writer()
    local list = {}
    local function put(format, ...)
        list[#list + 1] = format:format(...)
    end
    return put, function() return table.concat(list, "\n") end
end

-- A picture as part of a page; ids make its title and description readable to machines.
function svg.inline(id, width, height, title, description, body)
    return ('<svg class="plot" viewBox="0 0 %d %d" role="img" aria-labelledby="%s-t %s-d"><title id="%s-t">%s</title>'
        .. '<desc id="%s-d">%s</desc>\n%s</svg>\n'):format(width, height, id, id, id, svg.escape(title), id,
        svg.escape(description), body)
end

return svg
