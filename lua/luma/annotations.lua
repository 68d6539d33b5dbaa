-- What CI servers make visible of a batch, in their own words, at its end.
--
-- GitHub Actions: errors beside the lines of the scripts, a table in the job's summary. GitLab: the last lines of
-- failed runs in sections to unfold; its list of failed tests it reads from --junit. Names and texts may hold anything:
-- nothing in them must act as a command or as markup.

local outcome = require "luma.outcome"
local tail = require "luma.tail"

local annotations = {}

-- GitHub shows ten of a step and drops the rest; a summary of more than 1 MiB is refused.
local ERRORS_MAX <const>, ROWS_MAX <const>, CELL_MAX <const> = 10, 500, 300
local SECTIONS_MAX <const>, OUTPUT_LINES <const> = 20, 100

-- --- GitHub Actions ---

local function byte_code(c)
    return ("%%%02X"):format(c:byte())
end

local function message_text(text)
    return (tostring(text):gsub("[%%\r\n]", byte_code))
end

local function property_text(text)
    return (tostring(text):gsub("[%%\r\n:,]", byte_code))
end

-- GitHub wants paths from the top of the repository.
local function path_in_workspace(path)
    local top, here = os.getenv "GITHUB_WORKSPACE", os.getenv "PWD"
    if not top or top == "" then
        return path
    elseif path:sub(1, 1) == "/" then
        return path:sub(1, #top + 1) == top .. "/" and path:sub(#top + 2) or path
    end
    local below = here and here:sub(1, #top + 1) == top .. "/" and here:sub(#top + 2) .. "/" or ""
    return below .. path:gsub("^%./", "")
end

local function put_error(problem, title)
    print(("::error file=%s,line=%d,title=%s::%s"):format(property_text(path_in_workspace(problem.file)),
        problem.line or 1, property_text(title), message_text(problem.text)))
end

-- All problems of a batch: { text, file, line, title }, those of runs first.
local function all_problems(batch)
    local list = {}
    for _, run in ipairs(batch.runs) do
        for _, problem in ipairs(outcome.problems(batch, run)) do
            problem.file, problem.title = problem.file or "", run.name
            list[#list + 1] = problem
        end
    end
    for _, group in ipairs(batch.seeds or {}) do
        for _, expectation in ipairs(group.expectations) do
            if not expectation.passed then
                local file, line = outcome.place(group, expectation.where)
                list[#list + 1] = { text = expectation.text, file = file or "", line = line, title = group.name }
            end
        end
    end
    return list
end

local function put_errors(batch)
    local list = all_problems(batch)
    for i = 1, math.min(#list, ERRORS_MAX) do
        put_error(list[i], list[i].title)
    end
    if #list > ERRORS_MAX then
        print(("::notice title=luma batch::%d more problems, %d in all"):format(#list - ERRORS_MAX, #list))
    end
end

-- Text of one cell of a table in Markdown, shown as it is.
local function cell(text)
    text = tostring(text):gsub("%c", " ")
    if #text > CELL_MAX then
        text = text:sub(1, utf8.offset(text, 0, CELL_MAX) - 1) .. "..."
    end
    text = text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" })
    return (text:gsub("[\\`*_%[%]|~#@$!]", "\\%0"))
end

local function row(batch, run)
    local problems, texts = outcome.problems(batch, run), {}
    for i, problem in ipairs(problems) do
        texts[i] = cell(problem.text)
    end
    return ("| %s | %s | %.1f s | %s |"):format(outcome.is_good(run) and "passed" or "**failed**", cell(run.name),
        run.seconds or 0, table.concat(texts, "<br>", 1, math.min(#texts, ERRORS_MAX)))
end

-- The failed runs first: they are why one looks.
local function rows(batch)
    local list = {}
    for _, is_wanted_good in ipairs{ false, true } do
        for _, run in ipairs(batch.runs) do
            if outcome.is_good(run) == is_wanted_good and #list < ROWS_MAX then
                list[#list + 1] = row(batch, run)
            end
        end
    end
    return list
end

function annotations.summary(batch)
    local counts = outcome.count(batch)
    local out = { ("### luma batch: %d of %d runs passed"):format(counts.passed, counts.runs), "" }
    if counts.runs > 0 then
        table.move({ "| | run | time | problems |", "|---|---|--:|---|" }, 1, 2, #out + 1, out)
        local list = rows(batch)
        table.move(list, 1, #list, #out + 1, out)
    end
    if counts.runs > ROWS_MAX then
        out[#out + 1] = ("\n%d more runs are left out."):format(counts.runs - ROWS_MAX)
    end
    for _, group in ipairs(batch.seeds or {}) do
        out[#out + 1] = ("\n%s, over %d seeds:\n"):format(cell(group.name), #group.seeds)
        for _, e in ipairs(group.expectations) do
            out[#out + 1] = ("- %s: %s"):format(e.passed and "passed" or "**failed**", cell(e.text))
        end
    end
    for i, note in ipairs(batch.baseline and batch.baseline.notes or {}) do
        out[#out + 1] = (i == 1 and "\nBaseline:\n\n- " or "- ") .. cell(note)
    end
    return table.concat(out, "\n") .. "\n"
end

local function write_summary(batch, path)
    local file, why = io.open(path, "a")
    local is_good = file
    if file then
        is_good, why = file:write(annotations.summary(batch), "\n")
        local is_closed, close_why = file:close()
        is_good, why = is_good and is_closed, why or close_why
    end
    if not is_good then
        error(("luma batch: cannot write the summary ($GITHUB_STEP_SUMMARY): %s"):format(why), 0)
    end
end

local function github(batch)
    put_errors(batch)
    local path = os.getenv "GITHUB_STEP_SUMMARY"
    if path and path ~= "" then
        write_summary(batch, path)
    end
end

-- --- GitLab ---

local function put_section(run, i)
    local lines = run.folder and tail(run.folder .. "/output.txt", OUTPUT_LINES) or {}
    if #lines == 0 then
        return
    end
    local id = ("luma_run_%d"):format(i)
    local title = ("output of %s"):format(tostring(run.name):gsub("%c", "?"))
    io.write(("\27[0Ksection_start:%d:%s[collapsed=true]\r\27[0K%s\n"):format(os.time(), id, title))
    io.write(table.concat(lines, "\n"), "\n")
    io.write(("\27[0Ksection_end:%d:%s\r\27[0K\n"):format(os.time(), id))
end

local function gitlab(batch, options)
    local n = 0
    for i, run in ipairs(batch.runs) do
        if not outcome.is_good(run) and n < SECTIONS_MAX then
            n = n + 1
            put_section(run, i)
        end
    end
    if not options.junit then
        print "GitLab lists failed expectations by itself when it reads them: luma batch --junit junit.xml, and"
        print "in the job   artifacts: { when: always, reports: { junit: junit.xml } }"
    end
end

function annotations.print(batch, options)
    if os.getenv "GITHUB_ACTIONS" == "true" then
        github(batch)
    end
    if os.getenv "GITLAB_CI" == "true" then
        gitlab(batch, options)
    end
    io.stdout:flush()
end

return annotations
