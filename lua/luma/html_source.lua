-- Sources of pipelines: each distinct one once, with numbers that links point to, its comments, strings
-- and words of the language told apart.

local lists = require "luma.html_lists"
local svg = require "luma.svg"
local text = require "luma.html_text"

local source = {}

local LINES_MAX <const>, BYTES_MAX <const> = 3000, 400000

local words = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true until
    while]]):gmatch "%S+" do
    words[word] = true
end

-- Where a token of class c (comment), q (string or number) or k (word) ends; nothing for what is plain.
local function token(code, at)
    local comment = code:match("^%-%-()", at)
    local level = code:match("^%[(=*)%[", comment or at)
    if level then
        local _, last = code:find("]" .. level .. "]", comment or at, true)
        return comment and "c" or "q", (last or #code) + 1
    elseif comment then
        return "c", code:match("^[^\n]*()", at)
    end
    local quote = code:match([=[^["']]=], at)
    if quote then
        local last = at + 1
        while true do
            last = code:match("^[^\\\n" .. quote .. "]*()", last)
            local c = code:sub(last, last)
            if c ~= "\\" then
                return "q", last + (c == quote and 1 or 0)
            end
            last = math.min(last + 2, #code + 1)
        end
    end
    local word, after = code:match("^([%a_][%w_]*)()", at)
    if word then
        return words[word] and "k" or nil, after
    end
    return nil, math.max(code:match("^[^%a_%-%[\"']*()", at), at + 1)
end

-- Markup of every line; a token over several lines is marked in each.
local function highlight(code)
    local lines, current, at = {}, {}, 1
    while at <= #code do
        local class, after = token(code, at)
        local piece = code:sub(at, after - 1)
        at = after
        for part, stop in piece:gmatch "([^\n]*)(\n?)" do
            if part ~= "" then
                local escaped = svg.escape(part)
                current[#current + 1] = class and ('<span class="%s">%s</span>'):format(class, escaped) or escaped
            end
            if stop ~= "" then
                lines[#lines + 1] = table.concat(current)
                current = {}
            end
        end
    end
    lines[#lines + 1] = #current > 0 and table.concat(current) or nil
    return lines
end

-- Runs that differ in their arguments share a source. Sets page.source_of[run] and page.sources.
function source.collect(page, runs)
    local known = {}
    for _, run in ipairs(runs) do
        local code = text.read(run, "script.lua")
        if code and code ~= "" then
            local title = text.get(run, "file", "string") or "script.lua"
            local key = title .. "\0" .. code
            if not known[key] then
                local lines = highlight(code:sub(1, BYTES_MAX):gsub("\r\n", "\n"))
                known[key] = { id = #page.sources + 1, title = title, lines = lines,
                    n_lines = math.min(#lines, LINES_MAX), is_cut = #code > BYTES_MAX or #lines > LINES_MAX }
                page.sources[#page.sources + 1] = known[key]
            end
            page.source_of[run] = known[key]
        end
    end
end

function source.put(page)
    lists.section(page, "sources", "Sources")
    for _, s in ipairs(page.sources) do
        local parts = {}
        for i = 1, s.n_lines do
            -- A line of its own keeps its height and is copied as one.
            parts[i] = ('<span class="l" id="source-%d-%d">%s\n</span>'):format(s.id, i, s.lines[i])
        end
        page:put('<details class="run" id="source-%d"%s><summary><h3 class="code">%s</h3>'
            .. '<span class="facts-line">%s</span></summary><div class="source" tabindex="0" role="group" '
            .. 'aria-label="Source of %s"><pre><code>%s</code></pre>%s</div></details>\n', s.id,
            text.raw(#page.sources == 1 and " open" or ""), s.title,
            text.plural(s.n_lines, "line"), s.title, text.raw(table.concat(parts)),
            text.raw(s.is_cut and '<p class="quiet small">The rest is left out here.</p>' or ""))
    end
    page:put "</section>\n"
end

return source
