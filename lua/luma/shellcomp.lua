-- luma help --completion=bash|zsh|fish: what these shells read to complete luma's commands.
--
-- Commands, options, names of functions and data sets are written into the file, so that a key press
-- starts no process; only the arguments a script declares are asked for (luma help --arguments FILE).

local commands = require "luma.commands"
local internal = require "luma.internal"

local shellcomp = {}

local SETS = { "cifar10", "digits", "emnist", "fashion_mnist", "mnist" }

local function help_names()
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
local function words_of(command)
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
local function value_of(option)
    if option.choices then
        return "choice"
    end
    local value = option.value
    return value and (value:find "DIR" and "folder" or (value:find "FILE" or value:find "PATH") and "file" or "text")
end

local function takes_arguments(command)
    return command.usage:find "name=" ~= nil
end

-- Whether it takes one script: the words behind it are arguments.
local function takes_one(command)
    return takes_arguments(command) and not command.usage:find "FILE%S*%s?%.%.%."
end

local function quoted(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function fill(template, values)
    return (template:gsub("@(%u+)@", values))
end

-- --- bash ---

-- "=" and ":" break words in COMP_WORDS: the words are put together again, and what bash already has of
-- the last one is taken off each answer. Bash 3.2 and later.
local BASH = [=[
# Completes the commands of luma in bash; made by `luma help --completion=bash`.
_luma() {
    local line words=() word cur cmd='' script='' i kind='' before=''
    line=${COMP_LINE:0:COMP_POINT}
    if [ -z "$line" ]; then
        line=$(printf '%s ' "${COMP_WORDS[@]:0:COMP_CWORD}" | sed 's/ \([=:]\) */\1/g')
        line+=${COMP_WORDS[COMP_CWORD]}
    fi
    read -r -a words <<<"$line"
    case $line in *[[:space:]]) words+=('') ;; esac
    cur=${words[${#words[@]}-1]}
    COMPREPLY=()
    if [ "${#words[@]}" -le 2 ]; then
        _luma_answer "$cur" '' @COMMANDS@
        return
    fi
    cmd=${words[1]}
    for ((i = 2; i < ${#words[@]} - 1; i++)); do
        word=${words[i]}
        case $word in
        *.lua) [ -n "$script" ] || script=$word ;;
        esac
    done
    before=${words[${#words[@]}-2]}
    case $cmd:$before in
@VALUES@
    esac
    case $cmd:$cur in
@JOINED@
    esac
    if [ -n "$kind" ]; then
        [ "${cur#--*=}" != "$cur" ] && before=${cur%%=*}= && cur=${cur#*=} || before=
        case $kind in
        file) _luma_paths "$cur" "$before" -f ;;
        folder) _luma_paths "$cur" "$before" -d ;;
        text) ;;
        *) _luma_answer "$cur" "$before" $kind ;;
        esac
        return
    fi
    case $cmd:$cur in
@OPTIONS@
    esac
    case $cmd in
@WORDS@
    esac
}

# Answers that begin with $1, each with $2 in front; without what stands before the last = or :, which bash has.
_luma_answer() {
    local cur=$1 before=$2 whole have a
    shift 2
    whole=$before$cur
    have=${whole%"${whole##*[=:]}"}
    case $COMP_WORDBREAKS in *=*) ;; *) have='' ;; esac
    while IFS= read -r a; do
        a=$before$a
        [ -n "$a" ] && COMPREPLY+=("${a#"$have"}")
        case $a in *=) compopt -o nospace 2>/dev/null ;; esac
    done < <(compgen -W "$*" -- "$cur")
}

# Files ($3: -f) or folders (-d); folders end with a slash. $4: a pattern files must fit.
_luma_paths() {
    local cur=$1 before=$2 kind=$3 fits=${4-} a whole have
    whole=$before$cur
    have=${whole%"${whole##*[=:]}"}
    compopt -o filenames 2>/dev/null
    while IFS= read -r a; do
        if [ -d "$a" ] || [ -z "$fits" ] || [[ $a == $fits ]]; then
            a=$before$a
            COMPREPLY+=("${a#"$have"}")
        fi
    done < <(compgen "$kind" -- "$cur")
}

# name= of the arguments that script $2 declares; behind the = the default, or files.
_luma_arguments() {
    local cur=$1 script=$2 all
    all=$("${COMP_WORDS[0]}" help --arguments "$script" 2>/dev/null) || return
    case $cur in
    *=*)
        all=$(printf '%s\n' "$all" | grep "^${cur%%=*}=")
        case ${all#*=} in
        true | false) _luma_answer "${cur#*=}" "${cur%%=*}=" true false ;;
        [0-9]* | [-+.][0-9]*) _luma_answer "$cur" '' $all ;;
        *)
            _luma_answer "$cur" '' $all
            _luma_paths "${cur#*=}" "${cur%%=*}=" -f
            ;;
        esac
        ;;
    *) _luma_answer "$cur" '' $(printf '%s\n' "$all" | sed 's/=.*/=/') ;;
    esac
}
complete -F _luma luma
]=]

local function bash_values(joined)
    local lines = {}
    for _, command in ipairs(commands) do
        for _, o in ipairs(command.options) do
            local kind = value_of(o)
            local at = command.name .. ":" .. o.name .. (joined and "=*" or "")
            if kind and (joined or not o.is_optional) then
                lines[#lines + 1] = ("    %s) kind=%s ;;"):format(at,
                    quoted(kind == "choice" and table.concat(o.choices, " ") or kind))
            end
        end
    end
    return table.concat(lines, "\n")
end

-- The words an option begins with: "--json", "--progress=".
local function option_word(o)
    return o.name .. (o.choices and "=" or "")
end

local function bash_options()
    local lines = {}
    for _, command in ipairs(commands) do
        local names = { "--help" }
        for _, o in ipairs(command.options) do
            names[#names + 1] = option_word(o)
        end
        local script = takes_one(command) and "[ -z \"$script\" ] && " or ""
        lines[#lines + 1] = ("    %s:-*) %s_luma_answer \"$cur\" '' %s; return ;;"):format(command.name, script,
            table.concat(names, " "))
    end
    return table.concat(lines, "\n")
end

local function bash_words()
    local lines = {}
    local actions = {
        name = "_luma_answer \"$cur\" '' " .. table.concat(help_names(), " "),
        script = "_luma_paths \"$cur\" '' -f '*.lua'",
        set = "_luma_answer \"$cur\" '' " .. table.concat(SETS, " ") .. "; _luma_paths \"$cur\" '' -f",
        file = "_luma_paths \"$cur\" '' -f",
    }
    for _, command in ipairs(commands) do
        local action = actions[words_of(command)]
        if action and takes_arguments(command) then
            local only = takes_one(command) and "[ -n \"$script\" ] || " or ""
            lines[#lines + 1] = ("    %s)"):format(command.name)
            lines[#lines + 1] = "        [ -n \"$script\" ] && _luma_arguments \"$cur\" \"$script\""
            lines[#lines + 1] = ("        %s%s ;;"):format(only, action)
        elseif action then
            lines[#lines + 1] = ("    %s) %s ;;"):format(command.name, action)
        end
    end
    return table.concat(lines, "\n")
end

local function command_names()
    local names = {}
    for i, command in ipairs(commands) do
        names[i] = command.name
    end
    return names
end

function shellcomp.bash()
    return fill(BASH, {
        COMMANDS = table.concat(command_names(), " "), VALUES = bash_values(false), JOINED = bash_values(true),
        OPTIONS = bash_options(), WORDS = bash_words(),
    })
end

-- --- zsh ---

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
    local kind = value_of(o)
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
        if words_of(command) ~= "none" or #command.options > 0 then
            local specs = { "'(- *)--help[usage and options]'" }
            for _, o in ipairs(command.options) do
                specs[#specs + 1] = zsh_option(o)
            end
            local action = actions[words_of(command)]
            specs[#specs + 1] = action and ("'*: :%s'"):format(action) or nil
            lines[#lines + 1] = ("        %s)\n            _arguments %s ;;"):format(command.name,
                table.concat(specs, " \\\n                "))
        end
    end
    return table.concat(lines, "\n")
end

function shellcomp.zsh()
    local lines = {}
    for i, command in ipairs(commands) do
        lines[i] = ("        '%s:%s'"):format(command.name, zsh_text(command.text))
    end
    return fill(ZSH, {
        COMMANDS = table.concat(lines, "\n"), WORDS = zsh_words(),
        NAMES = table.concat(help_names(), " "), SETS = table.concat(SETS, " "),
    })
end

-- --- fish ---

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
    local kind = value_of(o)
    local line = ("complete -c luma -n '__luma_is %s' -l %s -d %s"):format(command.name, o.name:sub(3), quoted(o.text))
    if not kind then
        return line
    elseif kind == "choice" then
        return line .. " -xa " .. quoted(table.concat(o.choices, " "))
    end
    return line .. (o.is_optional and "" or kind == "text" and " -x" or " -r -F")
end

local function fish_words(command)
    local actions = {
        name = "-a " .. quoted(table.concat(help_names(), " ")),
        script = "-k -a '(__fish_complete_suffix .lua)'",
        set = "-F -a " .. quoted(table.concat(SETS, " ")),
        file = "-F",
    }
    local action = actions[words_of(command)]
    local only = takes_one(command) and "; and not __luma_script >/dev/null" or ""
    return action and ("complete -c luma -n '__luma_is %s%s' %s"):format(command.name, only, action)
end

function shellcomp.fish()
    local lines = {}
    for _, command in ipairs(commands) do
        local is = ("complete -c luma -n '__luma_is %s"):format(command.name)
        lines[#lines + 1] = ("complete -c luma -n __fish_use_subcommand -a '%s' -d %s"):format(command.name,
            quoted(command.text))
        if not command.name:find "^%-" then
            lines[#lines + 1] = is .. "' -l help -d 'usage and options'"
        end
        for _, o in ipairs(command.options) do
            lines[#lines + 1] = fish_option(command, o)
        end
        lines[#lines + 1] = fish_words(command)
        if takes_arguments(command) then
            lines[#lines + 1] = is .. "; and __luma_script >/dev/null' -a '(__luma_arguments)'"
        end
    end
    return FISH .. table.concat(lines, "\n") .. "\n"
end

return shellcomp
