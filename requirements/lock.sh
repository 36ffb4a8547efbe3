#!/bin/sh
# lock.sh UV: renew the locks for every platform and Python; nothing of this machine's settings gets into them.
set -eu
uv=$1
compile() {
    "$uv" pip compile --quiet --upgrade --universal --generate-hashes --no-annotate \
        --custom-compile-command "make lock" "$@"
}
compile pyproject.toml requirements/build.in --output-file requirements/runtime.txt
compile --group dev --constraint requirements/runtime.txt --output-file requirements/dev.txt
compile --group deploy --constraint requirements/runtime.txt --constraint requirements/dev.txt \
    --output-file requirements/deploy.txt
