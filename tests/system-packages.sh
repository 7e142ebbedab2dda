#!/bin/sh
# What the tests need from the system: a browser, the peers that the edge is tested against, the second engine
# versions. As root on Debian it installs what is missing; otherwise it says exactly what that is.
set -eu

missing=""
need() { # need PACKAGE FILE...: the package is there if one of the files is
    package=$1
    shift
    for file in "$@"; do
        if [ -e "$file" ]; then return; fi
    done
    missing="$missing $package"
}

need chromium-headless-shell /usr/bin/chromium-headless-shell
need postgresql /usr/lib/postgresql/*/bin/postgres
need redis-server /usr/bin/redis-server
need nginx /usr/sbin/nginx
need caddy /usr/bin/caddy
need util-linux /usr/bin/unshare
need fonts-dejavu-core /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf

if [ "${1:-}" = bench ]; then
    need wrk /usr/bin/wrk
    need nghttp2-client /usr/bin/h2load
fi

[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # Debian would start the servers; the tests start their own.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    # shellcheck disable=SC2086  # a list of words
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "The tests need these packages, which only root can install:" >&2
    echo "    apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
