#!/bin/sh
# Moves the traffic of a MySQL Router to the side that is live now:
#
#   [cutover]
#   after = "./examples/mysql-router/move.sh"
#
# May be called twice. Section [routing:live] has the line `destinations = host:port`, as in mysqlrouter.conf.
set -eu
conf=${ROUTER_CONF:-/etc/mysqlrouter/mysqlrouter.conf}
section=${ROUTER_SECTION:-routing:live}
restart=${ROUTER_RESTART:-systemctl restart mysqlrouter}

case $SEALIFT_TO_HOST in
    *:*) to="[$SEALIFT_TO_HOST]:$SEALIFT_TO_PORT" ;; # IPv6
    *) to="$SEALIFT_TO_HOST:$SEALIFT_TO_PORT" ;;
esac

# A copy, for its owner and mode.
cp -p "$conf" "$conf.new"
awk -v section="[$section]" -v to="$to" '
    /^\[/ { inside = ($1 == section) }
    inside && /^destinations[ \t]*=/ { $0 = "destinations = " to; found = 1 }
    { print }
    END { exit !found }
' "$conf" >"$conf.new" || {
    rm -f "$conf.new"
    echo "$conf: no line destinations = in [$section]" >&2
    exit 1
}
mv "$conf.new" "$conf"

# Also when the line was so before: whoever wrote it may not have come to this.
$restart
