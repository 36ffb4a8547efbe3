#!/bin/sh
# install.sh PYTHON LOCK [OPTION…]: install a lock with pip (and its options), by its hashes where it has them, and
# show how far it is.
set -eu
python=$1 lock=$2
shift 2
total=$(grep -c '^[A-Za-z0-9].*==' "$lock")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'kill "$pid" 2>/dev/null; exit 130' INT TERM

# The lock is resolved for every Python; misaki's metadata excludes 3.13 and later, where its plain Python works.
"$python" -m pip install --disable-pip-version-check --ignore-requires-python \
    --requirement "$lock" "$@" >"$log" 2>&1 &
pid=$!
seconds=0
while kill -0 "$pid" 2>/dev/null; do
    found=$(grep -c '^Collecting' "$log" || true)
    [ "$found" -lt "$total" ] || found=$total
    if [ -t 1 ]; then
        printf '\rInstalling %s: %s of %s packages, %s s ' "$lock" "$found" "$total" "$seconds"
    elif [ $((seconds % 10)) -eq 0 ]; then
        echo "Installing $lock: $found of $total packages, $seconds s"
    fi
    sleep 1
    seconds=$((seconds + 1))
done
[ ! -t 1 ] || echo
if ! wait "$pid"; then
    tail -n 20 "$log" >&2
    echo "Voxhouse could not be installed: pip's last lines are above." >&2
    exit 1
fi
echo "Installed $lock in $seconds s"
