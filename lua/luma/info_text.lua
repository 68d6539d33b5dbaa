-- What luma info writes with: numbers with commas, bars, widths. Bars have eighths of a column where the
-- output's character set is UTF-8, and are rows of '#' elsewhere.

local internal = require "luma.internal"

local text = {}

local eighths = { "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█" }
local COLUMNS <const>, COLUMNS_MAX <const> = 80, 120

text.commas = require "luma.commas"

-- "1 image", "2,000 images"
function text.count(n, one, many)
    return text.commas(n) .. " " .. (n == 1 and one or many or one .. "s")
end

function text.shape(shape)
    return table.concat(shape, "x")
end

function text.bytes(n)
    if n < 10000 then
        return text.count(n, "byte")
    end
    local unit = n < 1e6 and { 1e3, "kB" } or n < 1e9 and { 1e6, "MB" } or { 1e9, "GB" }
    return ("%.1f %s"):format(n / unit[1], unit[2])
end

-- What others wrote, on one line and without control codes.
function text.clean(value, most)
    local line = tostring(value):gsub("[%c\127]", "?")
    if not utf8.len(line) then
        line = line:gsub("[\128-\255]", "?")
    end
    if most and utf8.len(line) > most then
        line = line:sub(1, utf8.offset(line, most - 2) - 1) .. "..."
    end
    return line
end

-- Of the terminal, or what COLUMNS says, or 80; tables wider than 120 are hard to read.
function text.columns()
    local n = internal.columns() or math.tointeger(tonumber(os.getenv "COLUMNS" or "")) or COLUMNS
    return math.max(40, math.min(n, COLUMNS_MAX))
end

-- `share` from 0 to 1, in at most `width` columns; what is above 0 shows.
function text.bar(share, width)
    if share <= 0 or width < 1 then
        return ""
    end
    if not internal.screen("luma info").is_utf8 then
        return ("#"):rep(math.max(1, math.floor(share * width + 0.5)))
    end
    local n = math.max(1, math.floor(share * width * 8 + 0.5))
    return eighths[8]:rep(n // 8) .. (n % 8 > 0 and eighths[n % 8] or "")
end

function text.pad(line, width)
    return line .. (" "):rep(width - utf8.len(line))
end

-- Lines of at most the terminal's width: `first` stands before the first one, blanks before the others. What
-- goes into a file or a pipe stays on one line.
function text.wrap(first, line)
    local width, margin = internal.columns() and text.columns() or math.huge, (" "):rep(#first)
    local at = first
    for word in line:gmatch "%S+" do
        if at ~= first and at ~= margin and utf8.len(at) + utf8.len(word) + 1 > width then
            print(at)
            at = margin
        end
        at = at .. ((at == first or at == margin) and "" or " ") .. word
    end
    print(at)
end

return text
