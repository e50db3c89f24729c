#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# install.sh [FOLDER]   installs the gateway from this bundle into FOLDER (/opt/edms-gateway); asks no network.
# PYTHON names another interpreter than python3; EXTRAS the drivers, as "postgres,mysql" (all that are here).
set -eu
target=${1:-/opt/edms-gateway}
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
extras=${EXTRAS-$(cat "$here/extras")}
made_for=$(cat "$here/made-for")

(cd "$here" && sha256sum --check --quiet SHA256SUMS) || { echo "the bundle is damaged: fetch it anew" >&2; exit 1; }
found=$("$python" -c 'import platform, sys; print(f"python{sys.version_info.major}.{sys.version_info.minor}-{platform.machine()}")') || {
    echo "there is no $python here; name one:  PYTHON=/path/to/python $0 $target" >&2; exit 1; }
[ "$found" = "$made_for" ] || {
    echo "this bundle is for $made_for, and $python is $found; name another:  PYTHON=/path/to/python $0 $target" >&2; exit 1; }
[ -x "$target/bin/python" ] || "$python" -m venv "$target" || {
    echo "on Debian and Ubuntu:  apt-get install python3-venv" >&2; exit 1; }
"$target/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --find-links "$here/wheels" \
    -c "$here/constraints.txt" --upgrade "edms-gateway${extras:+[$extras]}"
echo "installed  $target/bin/edms-gateway"
echo "next       $target/bin/edms-gateway init /etc/edms-gateway"
