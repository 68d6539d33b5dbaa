-- luma help --completion=bash|zsh|fish: what these shells read to complete luma's commands.
--
-- Commands, options, names of functions and data sets are written into the file, so that a key press
-- starts no process; only the arguments a script declares are asked for (luma help --arguments FILE).
-- Here is what the three have in common; each shell has a file of its own.

local commands = require "luma.commands"
local internal = require "luma.internal"

local shellcomp = {}

shellcomp.SETS = { "cifar10", "digits", "emnist", "fashion_mnist", "mnist" }

function shellcomp.help_names()
    local names = {}
    for name in pairs(internal.docs) do
        names[#names + 1] = name
    end
    for _, command in ipairs(commands) do
        names[#names + 1] = not command.name:find "^%-" and command.name or nil
    end
    table.sort(names)
    return names
end

-- What the words of a command are, by its usage: "script", "set", "name", "folder", "file" or "none".
function shellcomp.words_of(command)
    local usage = command.usage:gsub("%[OPTION[^%]]*%]", ""):gsub("%[%-%-[^%]]*%]", "")
    if command.name == "help" then
        return "name"
    elseif usage:find "FILE" then
        return "script"
    elseif command.name == "info" then
        return "set"
    end
    return usage:find "%u" and not usage:find " NAME" and "file" or "none"
end

-- What an option's value is: "file", "folder", "choice", "text"; nil where it has none.
function shellcomp.value_of(option)
    if option.choices then
        return "choice"
    end
    local value = option.value
    return value and (value:find "DIR" and "folder" or (value:find "FILE" or value:find "PATH") and "file" or "text")
end

function shellcomp.takes_arguments(command)
    return command.usage:find "name=" ~= nil
end

-- Whether it takes one script: the words behind it are arguments.
function shellcomp.takes_one(command)
    return shellcomp.takes_arguments(command) and not command.usage:find "FILE%S*%s?%.%.%."
end

function shellcomp.quoted(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

function shellcomp.fill(template, values)
    return (template:gsub("@(%u+)@", values))
end

function shellcomp.command_names()
    local names = {}
    for i, command in ipairs(commands) do
        names[i] = command.name
    end
    return names
end

for _, shell in ipairs{ "bash", "zsh", "fish" } do
    shellcomp[shell] = function() return require("luma.shellcomp_" .. shell)() end
end

return shellcomp
