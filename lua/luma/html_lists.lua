-- The first part of a report, which says how it went: expectations, the failed ones first, and all runs.

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
    page:put('<tr><td>%s</td><th scope="row" class="name">%s</th>', text.expectation_mark(e),
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
            local into = text.is_missed(e) and failed or passed
            into[#into + 1] = setmetatable({ run = run }, { __index = e })
        end
    end
    return failed, passed
end

-- Whether an expectation or the baseline tells why the run failed.
local function is_explained(run, worse)
    local failed = all_expectations { run }
    return run.status == "failed" and (#failed > 0 or worse[text.value(run.name)])
end

local function broken_runs(runs, worse)
    local broken = {}
    for _, run in ipairs(runs) do
        if not text.has_passed(run) and not is_explained(run, worse) then
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

-- worse: names of runs that lost against a baseline; put_failed: adds what failed of several runs together.
function lists.expectations(page, runs, worse, put_failed)
    local failed, passed = all_expectations(runs)
    local broken = broken_runs(runs, worse)
    section(page, "expectations", "Expectations")
    if #broken > 0 then
        put_broken(page, broken)
    end
    if #failed > 0 then
        page:put '<div class="failures">'
        expectation_table(page, text.plural(#failed, "failed expectation"), failed, #runs > 1)
        page:put "</div>\n"
    end
    put_failed()
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
        n, good = n + 1, good + (text.is_missed(e) and 0 or 1)
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

lists.section = section

return lists
