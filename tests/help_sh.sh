# For tests written in sh: . tests/help_sh.sh; check NAME COMMAND...; done_testing
#
# `check` runs the command and writes "ok - NAME" or "not ok - NAME" with what the command said; `work`
# is an empty folder that disappears at the end.
n_passed=0
n_failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/luma-test.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

check() {
    check_name=$1
    shift
    if check_said=$("$@" 2>&1); then
        n_passed=$((n_passed + 1))
        echo "ok - $check_name"
    else
        n_failed=$((n_failed + 1))
        echo "not ok - $check_name"
        printf '%s\n' "$check_said" | sed 's/^/    /'
    fi
}

# For `check`: the command prints nothing; it prints WANTED among other things.
is_silent() {
    silent_said=$("$@")
    [ -z "$silent_said" ] || { echo "$silent_said"; return 1; }
}

prints() {
    prints_wanted=$1
    shift
    case $("$@") in
    *"$prints_wanted"*) ;;
    *) echo "not found: $prints_wanted"; return 1 ;;
    esac
}

# A check that could not be made here, and why.
skip() {
    echo "skipped - $1"
}

done_testing() {
    echo "$n_passed passed, $n_failed failed"
    [ "$n_failed" -eq 0 ]
    exit
}
