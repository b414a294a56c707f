#!/bin/sh
# The system programs that tests use: brings what is missing through apt where it may, else says what is missing.
# CI fails for want of a program (see tests/conftest.py); elsewhere the tests that need it skip and say so.
set -eu
missing=""
for pair in mosquitto:mosquitto socat:socat; do
    PATH="$PATH:/usr/sbin" command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair##*:}"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "missing system programs:$missing (install them: sudo apt-get install$missing); their tests will skip"
fi
