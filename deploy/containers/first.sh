#!/bin/sh
# soundpost init in a container, for a street that is not there yet; and what compose.yaml mounts over or writes to.
set -e
street=/etc/soundpost/street
if [ -e $street/init.json ]; then
    echo "soundpost-first: $street is there already. To change it: docker compose run --rm admin init ..." >&2
    exit 1
fi
soundpost init --out $street --broker-at broker "$@"
mkdir -p -m 0711 $street/cameras $street/fleet
install -d -o soundpost -g soundpost -m 0750 /var/lib/soundpost
install -d -o soundpost -g soundpost -m 0700 /backups
