-- The first part of a report, which says how it went: expectations, the failed ones first; all runs; what
-- several seeds say together; how figures compare with a baseline.

local svg = require "luma.svg"
local text = require "luma.html_text"

local lists = {}

local get, list, raw = text.get, text.list, text.raw

-- More passed expectations than this are behind a fold.
local OPEN_MAX <const> = 40

-- A table's head: { { "status" }, { "value", "n" }, ... }
function lists.head(page, caption, columns, class)
    page:put('<table%s><caption>%s</caption><thead><tr>', raw(class and ' class="' .. class .. '"' or ""), caption)
    for _, c in ipairs(columns) do
        page:put('<th scope="col"%s>%s</th>', raw(c[2] and ' class="' .. c[2] .. '"' or ""), c[1])
    end
    page:put "</tr></thead><tbody>\n"
end

-- What is wide scrolls by itself. With a label the keyboard reaches it; tables that a narrow screen stacks, or
-- that hold links, need none.
function lists.open_box(page, label, class)
    if label then
        page:put('<div class="%s" tabindex="0" role="group" aria-label="%s">', class or "box", label)
    else
        page:put '<div class="box">'
    end
end

local function section(page, id, title)
    page:put('<section id="%s" aria-labelledby="%s-h"><h2 id="%s-h">%s</h2>\n', id, id, id, title)
end

-- --- expectations ---

-- A line of a script, as a link where its source is in the report; the file's name where it is another's.
local function place(page, run, where)
    local file, line = tostring(where):match "^(.*):(%d+)$"
    local source = file and file == get(run, "file", "string") and page.source_of[run]
    if source and tonumber(line) <= source.n_lines then
        page:put('<a href="#source-%d-%s">line %s</a>', source.id, line, line)
    else
        page:put("%s", file and file == get(run, "file", "string") and "line " .. line or where)
    end
end

local function run_link(page, run)
    page:put('<a href="#run-%d">%s</a>', page.number_of[run], get(run, "name", "string") or "a run")
end

local function expectation_row(page, e, is_many)
    local has_figure = get(e, "operator", "string")
    page:put('<tr><td>%s</td><th scope="row" class="name">%s</th>', text.mark(e.passed == true),
        get(e, "name", "string") or get(e, "text", "string") or "an expectation")
    page:put('<td class="n">%s</td><td class="n">%s</td>', has_figure and text.value(e.value) or "",
        has_figure and has_figure .. " " .. text.value(e.bound) or "")
    if is_many then
        page:put '<td class="name">'
        run_link(page, e.run)
        page:put "</td>"
    end
    page:put "<td>"
    if get(e, "where", "string") then
        place(page, e.run, e.where)
    end
    page:put "</td></tr>\n"
end

local columns = { { "status" }, { "expectation", "name" }, { "value", "n" }, { "wanted", "n" }, { "where" } }
local columns_many = { columns[1], columns[2], columns[3], columns[4], { "run", "name" }, columns[5] }

local function expectation_table(page, caption, expectations, is_many)
    lists.open_box(page)
    lists.head(page, caption, is_many and columns_many or columns, "wide stack")
    for _, e in ipairs(expectations) do
        expectation_row(page, e, is_many)
    end
    page:put "</tbody></table></div>\n"
end

local function all_expectations(runs)
    local failed, passed = {}, {}
    for _, run in ipairs(runs) do
        for _, e in ipairs(list(run, "expectations")) do
            local into = e.passed == true and passed or failed
            into[#into + 1] = setmetatable({ run = run }, { __index = e })
        end
    end
    return failed, passed
end

-- Runs that ended without all being told by a failed expectation.
local function broken_runs(runs)
    local broken = {}
    for _, run in ipairs(runs) do
        if not text.has_passed(run) and run.status ~= "failed" then
            broken[#broken + 1] = run
        end
    end
    return broken
end

local function put_broken(page, broken)
    local caption = text.plural(#broken, "run") .. " that did not end well"
    page:put '<div class="failures">'
    lists.open_box(page)
    lists.head(page, caption, { { "status" }, { "run", "name" }, { "message", "name" } },
        "wide stack")
    for _, run in ipairs(broken) do
        page:put('<tr><td>%s</td><th scope="row" class="name">', text.mark(false, text.status(run)))
        run_link(page, run)
        page:put('</th><td class="name">%s</td></tr>\n',
            get(run, "message", "string") or get(run, "signal", "string") or "")
    end
    page:put "</tbody></table></div></div>\n"
end

function lists.expectations(page, runs)
    local failed, passed = all_expectations(runs)
    local broken = broken_runs(runs)
    section(page, "expectations", "Expectations")
    if #broken > 0 then
        put_broken(page, broken)
    end
    if #failed > 0 then
        page:put '<div class="failures">'
        expectation_table(page, text.plural(#failed, "failed expectation"), failed, #runs > 1)
        page:put "</div>\n"
    end
    if #passed > OPEN_MAX then
        page:put('<details class="fold"><summary>%s</summary>\n', text.plural(#passed, "expectation") .. " that held")
        expectation_table(page, "expectations that held", passed, #runs > 1)
        page:put "</details>\n"
    elseif #passed > 0 then
        expectation_table(page, text.plural(#passed, "expectation") .. " that held", passed, #runs > 1)
    elseif #failed == 0 then
        page:put '<p class="quiet">No expectation was stated (luma.expect).</p>\n'
    end
    page:put "</section>\n"
end

-- The expectations of one run, beside its figures.
function lists.run_expectations(page, run)
    local failed, passed = all_expectations { run }
    table.move(passed, 1, #passed, #failed + 1, failed)
    if #failed > 0 then
        page:put("<h4>Expectations</h4>\n")
        expectation_table(page, text.plural(#failed, "expectation"), failed)
    end
end

-- --- runs ---

local function held(run)
    local n, good = 0, 0
    for _, e in ipairs(list(run, "expectations")) do
        n, good = n + 1, good + (e.passed == true and 1 or 0)
    end
    return n == 0 and "–" or ("%d of %d"):format(good, n)
end

function lists.runs(page, runs)
    section(page, "runs", "Runs")
    lists.open_box(page)
    lists.head(page, text.plural(#runs, "run") .. ", each in a process of its own", { { "status" }, { "run", "name" },
        { "held", "n" }, { "time", "n" }, { "processor", "n" }, { "memory", "n" } }, "wide stack")
    for _, run in ipairs(runs) do
        page:put('<tr><td>%s</td><th scope="row" class="name">', text.mark(text.has_passed(run), text.status(run)))
        run_link(page, run)
        page:put('</th><td class="n" data-l="held">%s</td><td class="n" data-l="time">%s</td>'
            .. '<td class="n" data-l="processor">%s</td><td class="n" data-l="memory">%s</td></tr>\n', held(run),
            text.duration(get(run, "seconds", "number")), text.duration(get(run, "cpu_seconds", "number")),
            text.size(get(run, "peak_memory_bytes", "number")))
    end
    page:put "</tbody></table></div></section>\n"
end

-- --- seeds ---

local function interval(e)
    local low, high = get(e, "low", "number"), get(e, "high", "number")
    return low and high and ("%s to %s"):format(svg.number(low, 5), svg.number(high, 5)) or "–"
end

local function confidence(e)
    local share = get(e, "confidence", "number")
    return (share and ("%g %%"):format(100 * share) or "–") .. (get(e, "method", "string") and ", " .. e.method or "")
end

local seed_columns = { { "status" }, { "figure", "name" }, { "wanted", "n" }, { "mean", "n" }, { "interval", "n" },
    { "confidence" }, { "seeds", "n" } }

local function seed_group(page, group)
    local seeds = {}
    for i, seed in ipairs(get(group, "seeds", "table") or {}) do
        seeds[i] = text.value(seed)
    end
    local caption = (get(group, "name", "string") or "runs") .. ", seeds " .. table.concat(seeds, ", ")
    lists.open_box(page, caption)
    lists.head(page, caption, seed_columns)
    for _, e in ipairs(list(group, "expectations")) do
        page:put('<tr><td>%s</td><th scope="row" class="name">%s</th><td class="n">%s</td><td class="n">%s</td>'
            .. '<td class="n">%s</td><td>%s</td><td class="n">%s</td></tr>\n', text.mark(e.passed == true),
            get(e, "name", "string") or "", text.value(e.operator) .. " " .. text.value(e.bound), text.value(e.mean),
            interval(e), confidence(e), text.value(e.n))
    end
    page:put "</tbody></table></div>\n"
end

function lists.seeds(page, batch)
    section(page, "seeds", "Seeds together")
    page:put '<p class="quiet small">The same run from several seeds: an interval instead of the luck of one.</p>\n'
    for _, group in ipairs(list(batch, "seeds")) do
        seed_group(page, group)
    end
    page:put "</section>\n"
end

-- --- baseline ---

local baseline_columns = { { "status" }, { "run", "name" }, { "figure", "name" }, { "was", "n" }, { "is", "n" },
    { "tolerance", "n" }, { "judgement", "name" } }

function lists.baseline(page, baseline)
    local comparisons = list(baseline, "comparisons")
    table.sort(comparisons, function(a, b) return a.passed ~= true and b.passed == true end)
    section(page, "baseline", "Against the baseline")
    lists.open_box(page)
    lists.head(page, "compared with " .. (get(baseline, "file", "string") or "a baseline"), baseline_columns,
        "wide stack")
    for _, c in ipairs(comparisons) do
        page:put('<tr><td>%s</td><td class="name">%s</td><th scope="row" class="name">%s</th>'
            .. '<td class="n" data-l="was">%s</td><td class="n" data-l="is">%s</td>'
            .. '<td class="n" data-l="tolerance">%s</td><td class="name">%s</td></tr>\n', text.mark(c.passed == true),
            text.value(c.run), text.value(c.figure), text.value(c.was), text.value(c.is), text.value(c.tolerance),
            text.value(c.text))
    end
    page:put "</tbody></table></div></section>\n"
end

lists.section = section

return lists
