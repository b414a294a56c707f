#!/bin/sh
# The system programs that tests use: brings what is missing through apt where it may, else says what is missing.
# CI fails for want of one (see tests/conftest.py); elsewhere the tests that need it skip and say so.
# For PyAudio, which has no wheel for Linux: a compiler, PortAudio's and Python's headers.
set -eu
python=${PYTHON:-python3}
missing=""
PATH="$PATH:/usr/sbin"
command -v mosquitto >/dev/null || missing="$missing mosquitto"
command -v ffprobe >/dev/null || missing="$missing ffmpeg"
command -v openssl >/dev/null || missing="$missing openssl"
command -v qemu-system-xtensa >/dev/null || missing="$missing qemu-system-misc"
command -v chromium >/dev/null || missing="$missing chromium"
command -v promtool >/dev/null || missing="$missing prometheus"
command -v prometheus-node-exporter >/dev/null || missing="$missing prometheus-node-exporter"
# its service would take the place of whatever keeps this host's clock, so only where nobody lives
[ -z "${CI:-}" ] || command -v chronyd >/dev/null || missing="$missing chrony"
command -v faketime >/dev/null || missing="$missing faketime"
command -v gcc >/dev/null || missing="$missing gcc libc6-dev"
[ -e /usr/include/portaudio.h ] || missing="$missing portaudio19-dev"
"$python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
    missing="$missing python3-dev"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing for the tests:$missing"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "missing for the tests:$missing (install them: sudo apt-get install$missing); the tests that need them will skip"
fi
