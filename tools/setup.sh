#!/bin/sh
# Makes .venv and installs what a lock names, by hash. `sh tools/setup.sh requirements.txt` is what
# running needs; requirements.lock adds what testing needs. A second call with the same lock does nothing.
# PYTHON=... picks the interpreter; SMSBOT_NO_UV=1 keeps to pip.
set -eu

lock=$1
cd "$(dirname "$0")/.."
venv=.venv
stamp=$venv/.installed-${lock##*/}

# The stamp holds the checksum of what it was made from: another lock, or a moved folder, installs anew.
wanted=$( (pwd && cat "$lock" requirements-uv.lock tools/setup.sh) | cksum)
if [ -x $venv/bin/smsbot ] && $venv/bin/python -c '' 2>/dev/null &&
    [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
        if is_new_enough "$name"; then
            echo "$name"
            return
        fi
    done
    echo "smsbot needs Python 3.11 or newer; none was found on PATH." \
        "Install it (Debian, Ubuntu: apt-get install python3.11 python3.11-venv)," \
        "or name it: make run PYTHON=/path/to/python3.11" >&2
    exit 1
}

# Debian ships Python without ensurepip: then any pip or uv of this machine fills the bare venv.
make_venv() {
    rm -rf $venv
    echo "Making $venv with $("$1" --version)" >&2
    if "$1" -m venv $venv 2>/dev/null; then
        return
    fi
    rm -rf $venv
    "$1" -m venv --without-pip $venv
    if ! "$1" -m pip --version >/dev/null 2>&1 && ! command -v uv >/dev/null; then
        rm -rf $venv
        echo "This Python has no pip: install it" \
            "(Debian, Ubuntu: apt-get install python3-venv python3-pip) and try again." >&2
        exit 1
    fi
}

pip_install() {
    if $venv/bin/python -m pip --version >/dev/null 2>&1; then
        $venv/bin/python -m pip install -qq --disable-pip-version-check "$@"
    else
        "$python" -m pip --python $venv/bin/python install -qq "$@"
    fi
}

# uv installs in seconds what takes pip a minute. It does not read pip's settings, so we pass the index on.
find_uv() {
    [ -z "${SMSBOT_NO_UV:-}" ] || return 1
    if [ ! -x $venv/bin/uv ]; then
        pip_install --require-hashes --only-binary :all: -r requirements-uv.lock >&2 || return 1
    fi
    if [ -z "${UV_DEFAULT_INDEX:-}" ]; then
        index=${PIP_INDEX_URL:-$($venv/bin/python -m pip config get global.index-url 2>/dev/null || true)}
        [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
    fi
}

python=$(find_python)
if ! is_new_enough $venv/bin/python; then
    make_venv "$python"
fi
echo "Installing $lock (once)" >&2
if find_uv && $venv/bin/uv pip install --quiet --compile-bytecode --python $venv/bin/python --require-hashes -r "$lock"; then
    :
else
    echo "uv is not to be had here; pip takes a minute longer" >&2
    pip_install --require-hashes -r "$lock"
fi

# The package stays where it is: a .pth names the folder, and the command is a two-line script.
# No build backend is needed, so nothing outside the lock is ever fetched.
$venv/bin/python - <<'PYTHON'
import os
import pathlib
import sys
import sysconfig

root = pathlib.Path.cwd()
site = pathlib.Path(sysconfig.get_path("purelib"))
(site / "smsbot.pth").write_text(f"{root}\n")
command = pathlib.Path(sys.executable).parent / "smsbot"
command.write_text(
    "#!/bin/sh\n"
    f"'''exec' \"{sys.executable}\" \"$0\" \"$@\"\n"
    "' '''\n"
    "from smsbot.cli.main import main\n\n"
    "main()\n"
)
command.chmod(0o755)
PYTHON
echo "$wanted" >"$stamp"
