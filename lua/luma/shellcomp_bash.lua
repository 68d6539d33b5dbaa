-- luma help --completion=bash.

local commands = require "luma.commands"
local shared = require "luma.shellcomp"

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
    while IFS= read -r a; do
        if [ -d "$a" ] || [ -z "$fits" ] || [[ $a == $fits ]]; then
            compopt -o filenames 2>/dev/null
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
            local kind = shared.value_of(o)
            local at = command.name .. ":" .. o.name .. (joined and "=*" or "")
            if kind and (joined or not o.is_optional) then
                lines[#lines + 1] = ("    %s) kind=%s ;;"):format(at,
                    shared.quoted(kind == "choice" and table.concat(o.choices, " ") or kind))
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
        local script = shared.takes_one(command) and "[ -z \"$script\" ] && " or ""
        lines[#lines + 1] = ("    %s:-*) %s_luma_answer \"$cur\" '' %s; return ;;"):format(command.name, script,
            table.concat(names, " "))
    end
    return table.concat(lines, "\n")
end

local function bash_words()
    local lines = {}
    local actions = {
        name = "_luma_answer \"$cur\" '' " .. table.concat(shared.help_names(), " "),
        script = "_luma_paths \"$cur\" '' -f '*.lua'",
        set = "_luma_answer \"$cur\" '' " .. table.concat(shared.SETS, " ") .. "; _luma_paths \"$cur\" '' -f",
        file = "_luma_paths \"$cur\" '' -f",
    }
    for _, command in ipairs(commands) do
        local action = actions[shared.words_of(command)]
        if action and shared.takes_arguments(command) then
            local only = shared.takes_one(command) and "[ -n \"$script\" ] || " or ""
            lines[#lines + 1] = ("    %s)"):format(command.name)
            lines[#lines + 1] = "        [ -n \"$script\" ] && _luma_arguments \"$cur\" \"$script\""
            lines[#lines + 1] = ("        %s%s ;;"):format(only, action)
        elseif action then
            lines[#lines + 1] = ("    %s) %s ;;"):format(command.name, action)
        end
    end
    return table.concat(lines, "\n")
end

return function()
    return shared.fill(BASH, {
        COMMANDS = table.concat(shared.command_names(), " "), VALUES = bash_values(false), JOINED = bash_values(true),
        OPTIONS = bash_options(), WORDS = bash_words(),
    })
end
