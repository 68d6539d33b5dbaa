-- The Lua side of the program `luma`: what it does before a script starts and after it ended, and
-- its smaller commands. Functions that end a command give its exit code. Other files are loaded where
-- they are used: most runs need few of them.

local strict = require "luma.strict"

local program = {}

local OK, USAGE, EXPECTATION_FAILED = 0, 2, 3

-- Before a script: arguments, `require` beside it, strict globals.
function program.give(script, words)
    if #words > 0 then
        require "luma.args".give(script, words)
    end
    local folder = script:match("^(.*)/[^/]*$") or "."
    package.path = folder .. "/?.lua;" .. package.path
    strict.start()
end

local recorder

-- Before a script that `luma run --record` runs; folder "": one of its own. The source, where it can be had.
function program.record(folder, script, ...)
    recorder = require "luma.record"
    return recorder.begin(folder, script, { ... })
end

-- --- the prompt ---

-- Before the first statement.
function program.open_input()
    strict.relax(require("luma.prompt").note_global)
end

-- What stands before a file that is run before the first statement.
function program.open_file(path, words, is_good)
    require("luma.prompt").begin_with(path, words, is_good)
end

-- Functions of lua/luma/prompt.lua and complete.lua, by name.
function program.prompt(name, ...)
    return require("luma.prompt")[name](...)
end

function program.complete(...)
    return require("luma.complete").complete(...)
end

local function complain(line)
    io.stdout:flush()
    io.stderr:write("luma: ", line, "\n")
end

-- After a script: exit code so far -> exit code. For the record: the message that was printed, or nil; whether
-- printed results were lost.
function program.finish(code, message, is_lost)
    local expect, args = package.loaded["luma.expect"], package.loaded["luma.args"]
    local n_failed = expect and expect.n_failed() or 0
    if n_failed > 0 then
        complain(("%d of %d expectations failed"):format(n_failed, #expect.checks()))
        code = code == OK and EXPECTATION_FAILED or code
    end
    if code == OK and args then
        for _, line in ipairs(args.unread()) do
            complain(line)
            code, message = USAGE, message or line
        end
    end
    return recorder and recorder.finish(code, message, is_lost) or code
end

function program.help(name)
    return require "luma.help".command(name) and OK or USAGE
end

-- form: "man", "meta", "luacheck" or the name of a shell.
function program.write_help(form)
    local files = { man = "luma.manual", meta = "luma.meta", luacheck = "luma.meta" }
    io.write(require(files[form] or "luma.shellcomp")[form]())
    return OK
end

function program.names()
    print(require "luma.help".overview())
    return OK
end

function program.arguments(path)
    return require "luma.outline".print(path)
end

function program.info(word, format)
    return require "luma.info"(word, format)
end

function program.new(name, data)
    return require "luma.new"(name, data)
end

function program.runs(filter, folder, format)
    return require "luma.runs".command(filter, folder, format == "json")
end

function program.report(path, folder, ...)
    return require "luma.report".command(path, folder, ...)
end

function program.compare(a, b, folder)
    return require "luma.compare".command(a, b, folder)
end

function program.batch(options, words, typed)
    return require "luma.batch"(options, words, typed)
end

return program
