-- A page in the making, and what records say as people read it.
--
-- page:put escapes every argument that is no html_text.raw value, so that a name, a message or a source
-- cannot become markup: there is no other way for text to get into a page than put and raw.

local json = require "luma.json"
local svg = require "luma.svg"

local text = {}

-- --- the page ---

local Page = {}
Page.__index = Page

local Raw = { __name = "markup" }

-- Marks text as markup of our own.
function text.raw(markup)
    return setmetatable({ markup }, Raw)
end

-- Adds markup whose %s stand for text.
function Page:put(format, ...)
    local values = table.pack(...)
    for i = 1, values.n do
        local value = values[i]
        values[i] = getmetatable(value) == Raw and value[1] or svg.escape(tostring(value))
    end
    self[#self + 1] = format:format(table.unpack(values, 1, values.n))
end

function Page:text()
    return table.concat(self)
end

function text.page()
    return setmetatable({}, Page)
end

-- --- members of records, which may be missing or of another kind ---

-- t[name] if it is of the kind ("string", "number", "table", "boolean"), or nil.
function text.get(t, name, kind)
    local value = t[name]
    return type(value) == kind and value ~= json.null and value or nil
end

-- The tables in the list t[name].
function text.list(t, name)
    local list = {}
    for _, item in ipairs(text.get(t, name, "table") or {}) do
        if type(item) == "table" and item ~= json.null then
            list[#list + 1] = item
        end
    end
    return list
end

function text.sorted(t)
    local names = {}
    for name in pairs(t) do
        names[#names + 1] = tostring(name)
    end
    table.sort(names)
    return names
end

-- --- values ---

-- A value of a record: numbers as they read best, tables as JSON, nothing as a dash.
function text.value(value)
    if value == nil or value == json.null then
        return "–"
    elseif type(value) == "number" then
        return svg.number(value)
    elseif type(value) == "table" then
        return json.encode(value)
    end
    return tostring(value)
end

local function plural(n, word)
    return ("%s %s%s"):format(svg.commas(n), word, n == 1 and "" or "s")
end
text.plural = plural

-- "0.42 s", "2 min 03 s", "1 h 05 min"
function text.duration(seconds)
    if not seconds then
        return "–"
    elseif seconds < 59.95 then
        return (seconds < 10 and "%.2f s" or "%.1f s"):format(seconds)
    end
    local whole = math.floor(seconds + 0.5)
    if whole < 3600 then
        return ("%d min %02d s"):format(whole // 60, whole % 60)
    end
    return ("%d h %02d min"):format(whole // 3600, whole % 3600 // 60)
end

function text.size(bytes)
    if not bytes then
        return "–"
    end
    local units, i = { "B", "kB", "MB", "GB", "TB" }, 1
    while bytes >= 1000 and i < #units do
        bytes, i = bytes / 1000, i + 1
    end
    return (i == 1 and "%.0f %s" or bytes < 10 and "%.2f %s" or "%.1f %s"):format(bytes, units[i])
end

-- "2026-01-31 12:00:00 UTC"
function text.moment(started)
    local day, time = tostring(started):match "^(%d+%-%d+%-%d+)T(%d+:%d+:%d+)Z$"
    return day and day .. " " .. time .. " UTC" or tostring(started)
end

-- --- status ---

-- Words, not colours, tell: "ok", "FAILED", "TIMEOUT", ...
function text.status(run)
    local status = text.get(run, "status", "string") or "unknown"
    return status == "passed" and "ok" or svg.short(status:upper(), 16)
end

function text.has_passed(run)
    return run.status == "passed"
end

-- A mark with its word, as markup.
function text.mark(has_passed, word)
    word = word or (has_passed and "ok" or "FAILED")
    return text.raw(('<span class="%s"><span aria-hidden="true">%s</span> %s</span>'):format(
        has_passed and "ok" or "bad", has_passed and "✓" or "✗", svg.escape(word)))
end

-- Whether an expectation counts as failed: not where the interval over all seeds keeps its bound.
function text.is_missed(e)
    return e.passed ~= true and not e.excused
end

function text.expectation_mark(e)
    if e.passed ~= true and not text.is_missed(e) then
        return text.raw '<span class="warn"><span aria-hidden="true">≈</span> excused</span>'
    end
    return text.mark(e.passed == true)
end

-- Files of a run that a record names: never one outside the run's own folder.
function text.read(run, name, bytes_from_end)
    local folder = text.get(run, "folder", "string")
    if not folder or type(name) ~= "string" or name:find "[/\0]" or name == ".." then
        return nil
    end
    local file <close> = io.open(folder .. "/" .. name, "rb")
    if not file then
        return nil
    end
    if bytes_from_end then
        local size = file:seek "end"
        file:seek("set", math.max(0, (size or 0) - bytes_from_end))
        return file:read "a", (size or 0) > bytes_from_end
    end
    return file:read "a"
end

return text
