#!/bin/sh
# Bring the image that was built into service: new containers first, then the old ones leave. Nobody notices.
# Run it beside docker-compose.yml; it needs docker compose 2.24 or later.
set -eu

docker compose run --rm prepare

for service in web worker; do
    old=$(docker compose ps --quiet "$service")
    many=$(echo "$old" | wc -l)
    docker compose up --detach --no-deps --no-recreate --wait --scale "$service=$((2 * many))" "$service"
    for container in $old; do
        docker stop "$container" >/dev/null # by its stop_grace_period: who still listens is answered
        docker rm "$container" >/dev/null
    done
done

docker compose up --detach --no-deps beat nginx
