#!/bin/sh
# Moves a HAProxy's traffic to the side that is live now:
#
#   [cutover]
#   after = "./examples/haproxy/move.sh"
#
# May be called twice. The servers of backend `live` are named source and target, as in haproxy.cfg.
set -eu
socket=${HAPROXY_SOCKET:-/run/haproxy.sock}
backend=${HAPROXY_BACKEND:-live}

say() {
    answer=$(printf '%s\n' "$1" | socat -t 5 - "UNIX-CONNECT:$socket")
    # HAProxy says nothing when all is well.
    [ -z "$(printf '%s' "$answer" | tr -d ' \n')" ] || { echo "$1: $answer" >&2; exit 1; }
}

say "set server $backend/$SEALIFT_TO state ready"
say "set server $backend/$SEALIFT_FROM state maint"
say "shutdown sessions server $backend/$SEALIFT_FROM"
