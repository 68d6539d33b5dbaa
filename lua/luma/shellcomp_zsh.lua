-- luma help --completion=zsh: specs of _arguments for every command.

local commands = require "luma.commands"
local shared = require "luma.shellcomp"

local ZSH = [=[
#compdef luma
# Completes the commands of luma in zsh; made by `luma help --completion=zsh`.

_luma_arguments() {
    local script=${words[(r)*.lua]} line
    local -a names
    [[ -n $script ]] || return 1
    for line in ${(f)"$(_call_program arguments ${(q)_luma_program} help --arguments ${(q)script} 2>/dev/null)"}; do
        if [[ $PREFIX == *=* ]]; then
            [[ $line == ${PREFIX%%=*}=* ]] && names+=(${line#*=})
        else
            names+=("${line%%=*}:$line")
        fi
    done
    if compset -P '*='; then
        (( $#names )) && compadd -- $names
        [[ ${names[1]} == ([0-9.+-]*|true|false) ]] || _files
    else
        _describe -t arguments 'argument of the script' names -S =
    fi
}

_luma_script() {
    if [[ -n ${words[(r)*.lua]} && ${words[CURRENT]} != *.lua ]]; then
        _luma_arguments
    else
        _files -g '*.lua'
    fi
}

_luma_names() {
    local -a names=(@NAMES@)
    compadd -- $names
}

_luma_sets() {
    local -a sets=(@SETS@)
    compadd -- $sets
    _files
}

_luma() {
    local curcontext=$curcontext state line _luma_program=${words[1]}
    local -a commands=(
@COMMANDS@
    )
    _arguments -C '1: :->command' '*:: :->words'
    case $state in
    command) _describe -t commands 'command' commands ;;
    words)
        case ${words[1]} in
@WORDS@
        esac
        ;;
    esac
}
_luma "$@"
]=]

-- Inside the quotes of _arguments' specs.
local function zsh_text(text)
    return (text:gsub("([%[%]:\\])", "\\%1"):gsub("'", "'\\''"))
end

local function zsh_option(o)
    local kind = shared.value_of(o)
    local action = kind == "choice" and "(" .. table.concat(o.choices, " ") .. ")" or kind == "file" and "_files"
        or kind == "folder" and "_files -/" or " "
    if not kind then
        return ("'%s[%s]'"):format(o.name, zsh_text(o.text))
    elseif o.is_optional then
        return ("'%s=-[%s]::%s:%s'"):format(o.name, zsh_text(o.text), o.value, action)
    end
    return ("'%s=[%s]:%s:%s'"):format(o.name, zsh_text(o.text), o.value, action)
end

local function zsh_words()
    local actions = { name = "_luma_names", script = "_luma_script", set = "_luma_sets", file = "_files" }
    local lines = {}
    for _, command in ipairs(commands) do
        if shared.words_of(command) ~= "none" or #command.options > 0 then
            local specs = { "'(- *)--help[usage and options]'" }
            for _, o in ipairs(command.options) do
                specs[#specs + 1] = zsh_option(o)
            end
            local action = actions[shared.words_of(command)]
            specs[#specs + 1] = action and ("'*: :%s'"):format(action) or nil
            lines[#lines + 1] = ("        %s)\n            _arguments %s ;;"):format(command.name,
                table.concat(specs, " \\\n                "))
        end
    end
    return table.concat(lines, "\n")
end

return function()
    local lines = {}
    for i, command in ipairs(commands) do
        lines[i] = ("        '%s:%s'"):format(command.name, zsh_text(command.text))
    end
    return shared.fill(ZSH, {
        COMMANDS = table.concat(lines, "\n"), WORDS = zsh_words(),
        NAMES = table.concat(shared.help_names(), " "), SETS = table.concat(shared.SETS, " "),
    })
end
