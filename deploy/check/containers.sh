#!/bin/sh
# What the check of the containers needs: buildah and docker-compose, and a Docker that is unpacked and not installed, so
# that none is started on this machine. As root; one that is here already is taken.
set -eu
missing=""
command -v buildah >/dev/null || missing="$missing buildah"
command -v runc >/dev/null || [ -x /usr/sbin/runc ] || missing="$missing runc"
command -v docker-compose >/dev/null || missing="$missing docker-compose"
command -v debootstrap >/dev/null || [ -x /usr/sbin/debootstrap ] || missing="$missing debootstrap"
if [ -n "$missing" ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
to=/var/tmp/soundpost-docker
if ! command -v dockerd >/dev/null && [ ! -x $to/usr/sbin/dockerd ]; then
    mkdir -p $to/fetched
    (cd $to/fetched && apt-get -qq download docker.io containerd)
    for package in $to/fetched/*.deb; do dpkg-deb --extract "$package" $to; done
fi
