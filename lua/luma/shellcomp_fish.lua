-- luma help --completion=fish: a line of `complete` for every word.

local commands = require "luma.commands"
local shared = require "luma.shellcomp"

local FISH = [=[
# Completes the commands of luma in fish; made by `luma help --completion=fish`.
function __luma_script
    for word in (commandline -opc)
        string match -q -- '*.lua' $word; and echo $word; and return
    end
    return 1
end

function __luma_arguments
    set -l script (__luma_script); or return
    set -l program (commandline -opc)[1]
    set -l word (commandline -ct)
    for line in ($program help --arguments $script 2>/dev/null)
        set -l pair (string split -m 1 = -- $line)
        if string match -q -- '*=*' $word
            string match -q -- "$pair[1]=*" $word; and echo $line
        else
            printf '%s=\t%s\n' $pair[1] $pair[2]
        end
    end
end

function __luma_is
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = $argv[1]
end

complete -c luma -f
]=]

local function fish_option(command, o)
    local kind = shared.value_of(o)
    local line = ("complete -c luma -n '__luma_is %s' -l %s -d %s"):format(command.name, o.name:sub(3),
        shared.quoted(o.text))
    if not kind then
        return line
    elseif kind == "choice" then
        return line .. " -xa " .. shared.quoted(table.concat(o.choices, " "))
    end
    return line .. (o.is_optional and "" or kind == "text" and " -x" or " -r -F")
end

local function fish_words(command)
    local actions = {
        name = "-a " .. shared.quoted(table.concat(shared.help_names(), " ")),
        script = "-k -a '(__fish_complete_suffix .lua)'",
        set = "-F -a " .. shared.quoted(table.concat(shared.SETS, " ")),
        file = "-F",
    }
    local action = actions[shared.words_of(command)]
    local only = shared.takes_one(command) and "; and not __luma_script >/dev/null" or ""
    return action and ("complete -c luma -n '__luma_is %s%s' %s"):format(command.name, only, action)
end

return function()
    local lines = {}
    for _, command in ipairs(commands) do
        local is = ("complete -c luma -n '__luma_is %s"):format(command.name)
        lines[#lines + 1] = ("complete -c luma -n __fish_use_subcommand -a '%s' -d %s"):format(command.name,
            shared.quoted(command.text))
        if not command.name:find "^%-" then
            lines[#lines + 1] = is .. "' -l help -d 'usage and options'"
        end
        for _, o in ipairs(command.options) do
            lines[#lines + 1] = fish_option(command, o)
        end
        lines[#lines + 1] = fish_words(command)
        if shared.takes_arguments(command) then
            lines[#lines + 1] = is .. "; and __luma_script >/dev/null' -a '(__luma_arguments)'"
        end
    end
    return FISH .. table.concat(lines, "\n") .. "\n"
end
