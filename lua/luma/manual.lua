-- luma help --man: the manual page, made of the commands' table and the docstrings.

local commands = require "luma.commands"
local help = require "luma.help"
local internal = require "luma.internal"
local luma = require "luma"

local manual = {}

-- Text for roff: no character of it is a request or an escape.
local function escape(text)
    return (text:gsub("\\", "\\e"):gsub("^([.'])", "\\&%1"):gsub("\n([.'])", "\n\\&%1"))
end

-- What is typed: its hyphens are the ones on the keyboard.
local function typed(text)
    return (escape(text):gsub("%-", "\\-"))
end

local WIDTH = 78

-- Lines of at most WIDTH characters: what mandoc calls good style.
local function prose(text)
    local lines, line = {}, nil
    for word in text:gmatch "%S+" do
        if line and #line + 1 + #word > WIDTH then
            lines[#lines + 1] = line
            line = word
        else
            line = line and line .. " " .. word or word
        end
    end
    lines[#lines + 1] = line
    return escape(table.concat(lines, "\n"))
end

local out

local function add(...)
    for _, line in ipairs{ ... } do
        out[#out + 1] = line
    end
end

local function item(head, text)
    add(".TP", head, prose(text))
end

local function bold(text)
    return "\\fB" .. typed(text) .. "\\fP"
end

local function sentence(text)
    return text:sub(1, 1):upper() .. text:sub(2) .. "."
end

local function example(...)
    add(".IP", ".nf", ".RS")
    for _, line in ipairs{ ... } do
        add(typed(line))
    end
    add(".RE", ".fi")
end

-- Reproducible where SOURCE_DATE_EPOCH is set (reproducible-builds.org).
local function date()
    return os.date("!%Y-%m-%d", tonumber(os.getenv "SOURCE_DATE_EPOCH"))
end

local function synopsis()
    add(".SH SYNOPSIS", bold "luma", ".br")
    for i, command in ipairs(commands) do
        local word, rest = command.usage:match "^(%S+)%s*(.*)$"
        add(bold("luma " .. word) .. (rest ~= "" and " \\fI" .. typed(rest) .. "\\fP" or ""))
        add(i < #commands and ".br" or nil)
    end
end

local function command_list()
    add ".SH COMMANDS"
    for _, command in ipairs(commands) do
        item(bold("luma " .. command.usage), sentence(command.text))
        for i, option in ipairs(command.options) do
            add(i == 1 and ".RS" or nil)
            item(bold(option.form), sentence(option.text))
            add(i == #command.options and ".RE" or nil)
        end
    end
end

local function functions()
    add(".SH FUNCTIONS", bold "luma help" .. " \\fINAME\\fP says more about each, with an example.")
    for _, group in ipairs(help.groups()) do
        add(".SS " .. group[1])
        for _, name in ipairs(group[2]) do
            item(bold(name), help.first_sentence(internal.docs[name].text))
        end
    end
end

local function notes(title, list)
    add(".SH " .. title)
    for _, note in ipairs(list) do
        item(bold(note.name), sentence(note.text))
    end
end

function manual.man()
    out = {}
    add((".TH LUMA 1 %s \"luma %s\" \"User commands\""):format(date(), luma.version))
    add(".SH NAME", "luma \\- scales images just in time and trains small networks on them")
    synopsis()
    add(".SH DESCRIPTION", prose [[
A pipeline file is a short Lua script that says which images to load, how to scale and change their pixels,
and which small convolutional network to train on them. The same file with the same seed gives the same bits
on every machine, with any number of threads. Without a command, luma reads statements from the terminal.]])
    command_list()
    add(".SH ARGUMENTS",
        "Words \\fIname\\fP=\\fIvalue\\fP behind a pipeline file reach it as",
        "luma.args.\\fIname\\fP. A file declares what it takes, with defaults:")
    example 'local args = luma.args{ data = "mnist", epochs = 1 }'
    add(".PP", "and refuses other names.", bold "luma help --arguments" .. " \\fIFILE\\fP lists them.")
    notes("ENVIRONMENT", commands.variables)
    notes("EXIT STATUS", commands.exit_codes)
    add ".SH EXAMPLES"
    item("A first pipeline, on digits that the program draws itself:", "")
    out[#out] = typed "luma run 01_normalize.lua data=digits epochs=2"
    item("What a function does:", "")
    out[#out] = typed "luma help nn.conv"
    item("The same in another program with Lua 5.4 (see README.md):", "")
    out[#out] = typed "lua5.4 -l luma 01_normalize.lua data=digits"
    functions()
    add(".SH SEE ALSO", "\\fBlua5.4\\fP(1)")
    return table.concat(out, "\n") .. "\n"
end

return manual
