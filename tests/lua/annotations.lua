-- What GitHub and GitLab are told: nothing in a name or a text acts as a command or as markup.
local test = require "luma.test"
local annotations = require "luma.annotations"

local function failed(name, text, where)
    return { name = name, file = "dir/f.lua", status = "failed", seconds = 1,
        expectations = { { name = "x", text = text, passed = false, where = where } } }
end

-- What is printed with these environment variables.
-- luacheck: push ignore 122
local function printed(variables, batch, options)
    local getenv, print, write = os.getenv, _G.print, io.write
    local out = {}
    os.getenv = function(name) return variables[name] end
    rawset(_G, "print", function(line) out[#out + 1] = line .. "\n" end)
    io.write = function(...) out[#out + 1] = table.concat{ ... } end
    local is_good, why = pcall(annotations.print, batch, options or {})
    os.getenv, io.write = getenv, write
    rawset(_G, "print", print)
    return is_good and table.concat(out) or why
end
-- luacheck: pop

test("commands are escaped, in their properties too", function()
    local variables = { GITHUB_ACTIONS = "true" }
    test.eq(printed(variables, { runs = { failed("a:b,c%\n", "50 % of\r\n::error::x, y: z", "dir/f.lua:12") } }),
        "::error file=dir/f.lua,line=12,title=a%3Ab%2Cc%25%0A::50 %25 of%0D%0A::error::x, y: z\n")
    test.eq(printed(variables, { runs = { failed("a", "x") } }), "::error file=dir/f.lua,line=1,title=a::x\n")
    test.eq(printed({ GITHUB_ACTIONS = "false" }, { runs = { failed("a", "x") } }), "")
end)

test("paths begin at the top of the repository", function()
    local function path(variables, file)
        variables.GITHUB_ACTIONS = "true"
        local run = failed("a", "x", file .. ":2")
        return printed(variables, { runs = { run } }):match "file=([^,]*),"
    end
    test.eq(path({ GITHUB_WORKSPACE = "/w", PWD = "/w" }, "f.lua"), "f.lua")
    test.eq(path({ GITHUB_WORKSPACE = "/w", PWD = "/w/sub" }, "./f.lua"), "sub/f.lua")
    test.eq(path({ GITHUB_WORKSPACE = "/w", PWD = "/elsewhere" }, "f.lua"), "f.lua")
    test.eq(path({ GITHUB_WORKSPACE = "/w", PWD = "/w/sub" }, "/w/x/f.lua"), "x/f.lua")
    test.eq(path({ GITHUB_WORKSPACE = "/w" }, "/other/f.lua"), "/other/f.lua")
end)

test("ten errors, the rest counted, seeds among them", function()
    local runs = {}
    for i = 1, 10 do
        runs[i] = failed("run " .. i, "x", "f.lua:1")
    end
    local seeds = { { name = "f.lua", file = "f.lua", seeds = { 1, 2 }, expectations = {
        { name = "x", text = "too wide", passed = false, where = "f.lua:3" }, { name = "y", passed = true } } } }
    local text = printed({ GITHUB_ACTIONS = "true" }, { runs = runs, seeds = seeds })
    test.eq(select(2, text:gsub("::error ", "")), 10)
    test.ok(text:find("::notice title=luma batch::1 more problems, 11 in all\n", 1, true))
    table.remove(runs)
    text = printed({ GITHUB_ACTIONS = "true" }, { runs = runs, seeds = seeds })
    test.ok(text:find("::error file=f.lua,line=3,title=f.lua::too wide\n", 1, true))
    test.ok(not text:find "::notice")
end)

test("the summary, to the letter", function()
    test.eq(annotations.summary{
        runs = { { name = "good.lua", status = "passed", seconds = 0.25 },
            failed("a|b`c` <i> *x* [y](z) \\ @me #1", "line\nend & more", "f.lua:1") },
        seeds = { { name = "s.lua", seeds = { 1, 2, 3 }, expectations = { { text = "fine", passed = true },
            { text = "bad", passed = false } } } },
        baseline = { notes = { "first", "second" }, comparisons = { {} } },
    }, [[
### luma batch: 1 of 2 runs passed

| | run | time | problems |
|---|---|--:|---|
| **failed** | a\|b\`c\` &lt;i&gt; \*x\* \[y\](z) \\ \@me \#1 | 1.0 s | line end &amp; more |
| passed | good.lua | 0.2 s |  |

s.lua, over 3 seeds:

- passed: fine
- **failed**: bad

Baseline:

- first
- second
]])
    test.eq(annotations.summary{ runs = {} }, "### luma batch: 0 of 0 runs passed\n\n")
end)

test("a summary that would be too long is cut", function()
    local runs = {}
    for i = 1, 501 do
        runs[i] = failed("run " .. i, ("\u{E9}"):rep(1000), "f.lua:1")
    end
    local text = annotations.summary{ runs = runs }
    test.ok(#text < 2^20)
    test.ok(utf8.len(text))
    test.ok(text:find("\n1 more runs are left out.\n", 1, true))
end)

test("GitLab's sections hold the output of failed runs", function()
    local folder = test.path()
    require "luma.internal".make_folder("test", folder)
    test.write(folder .. "/output.txt", "said\n\27[0Ksection_end:1:luma_run_2\r\27[0K\n")
    local run = failed("a\27b", "x", "f.lua:1")
    run.folder = folder
    local batch = { runs = { { name = "good", status = "passed" }, run, failed("no output", "x") } }
    local text = printed({ GITLAB_CI = "true" }, batch, { junit = "x.xml" })
    os.remove(folder .. "/output.txt")
    os.remove(folder)
    test.eq((text:gsub("(section_%a+:)%d+", "%1T")), "\27[0Ksection_start:T:luma_run_2[collapsed=true]\r\27[0K"
        .. "output of a?b\nsaid\nsection_end:T:luma_run_2\n\27[0Ksection_end:T:luma_run_2\r\27[0K\n")
    test.ok(printed({ GITLAB_CI = "true" }, { runs = {} }):find("reports: { junit: junit.xml }", 1, true))
end)

test.done()
