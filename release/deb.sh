#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# deb.sh PYTHON FOLDER   makes a Debian package in FOLDER: the program with an environment of its own below /opt.
# PYTHON has pip, and is of the version of /usr/bin/python3, which the package runs with.  Prints the package's path.
# dpkg-deb alone does it: dh-virtualenv would bring debhelper and fetch from an index by ways of its own, for the same
# tree in the end; and Debian 12 has not the versions of the libraries that an ordinary package would depend on.
set -euo pipefail
python=$1 folder=$(realpath -m "$2")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

ours=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
[ "$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" = "$ours" ] || {
    echo "$python is not Python $ours, as /usr/bin/python3 is" >&2; exit 1; }
next=${ours%.*}.$((${ours#*.} + 1))

stage=$work/stage home=/opt/edms-gateway
"$here/wheels.sh" "$python" "$work/wheels"
version=$(cd "$work/wheels" && ls edms_gateway-*.whl | cut -d- -f2)
mkdir -p "$stage/opt"
/usr/bin/python3 -m venv --without-pip "$stage$home"
"$python" -m pip --python "$stage$home/bin/python" install --quiet --disable-pip-version-check --no-compile --no-index \
    --find-links "$work/wheels" -c "$here/../constraints.txt" "edms-gateway[$(cat "$work/wheels/extras")]"
sed -i "s|$stage||g" "$stage$home/pyvenv.cfg"
grep -rlI "$stage" "$stage$home/bin" | xargs -r sed -i "s|$stage||g"
find "$stage$home/bin" -type f ! -name 'edms-*' -delete # activation, and the commands of libraries
find "$stage$home" -name '*.so*' -exec chmod 644 {} +
find "$stage$home" \( -name __pycache__ -o -name .gitignore \) -prune -exec rm -rf {} +

mkdir -p "$stage/usr/bin" "$stage/lib/systemd/system" "$stage/usr/share/doc/edms-gateway" "$stage/DEBIAN"
ln -s "$home/bin/edms-gateway" "$home/bin/edms-registry" "$stage/usr/bin/"
install -m 644 "$here/../config/edms-gateway.service" "$stage/lib/systemd/system/"
install -m 644 "$here/debian/copyright" "$stage/usr/share/doc/edms-gateway/"
install -m 644 "$here/../CHANGELOG.md" "$stage/usr/share/doc/edms-gateway/NEWS.md"
printf 'edms-gateway (%s) unstable; urgency=medium\n\n  * The news are in NEWS.md.\n\n -- %s  %s\n' "$version" \
    "$(sed -n 's/^Maintainer: //p' "$here/debian/control")" "$(date -uR)" |
    gzip -9n >"$stage/usr/share/doc/edms-gateway/changelog.gz"
install -Dm 644 "$here/debian/lintian-overrides" "$stage/usr/share/lintian/overrides/edms-gateway"
for shell in bash zsh fish; do
    PYTHONDONTWRITEBYTECODE=1 _EDMS_GATEWAY_COMPLETE=${shell}_source "$stage$home/bin/python" -c \
        'from gateway.cli import main; main(prog_name="edms-gateway")' >"$work/$shell" 2>/dev/null
    grep -q edms-gateway "$work/$shell" || { echo "no completion for $shell" >&2; exit 1; }
done
install -Dm 644 "$work/bash" "$stage/usr/share/bash-completion/completions/edms-gateway"
install -Dm 644 "$work/zsh" "$stage/usr/share/zsh/vendor-completions/_edms-gateway"
install -Dm 644 "$work/fish" "$stage/usr/share/fish/vendor_completions.d/edms-gateway.fish"

"$python" -m pip install --quiet --disable-pip-version-check --no-deps -c "$here/../constraints.txt" \
    --target "$work/manual" click-man
mkdir -p "$stage/usr/share/man/man1"
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$work/manual "$stage$home/bin/python" "$here/manual.py" \
    "$stage/usr/share/man/man1" "$version"
gzip -9n "$stage/usr/share/man/man1/"*

architecture=$(dpkg --print-architecture)
sed -e "s/@VERSION@/$version/; s/@ARCHITECTURE@/$architecture/; s/@PYTHON@/$ours/; s/@NEXT@/$next/" \
    -e "s/@SIZE@/$(du -sk "$stage" | cut -f1)/" "$here/debian/control" >"$stage/DEBIAN/control"
install -m 755 "$here/debian/postinst" "$here/debian/prerm" "$here/debian/postrm" "$stage/DEBIAN/"
mkdir -p "$folder"
made=$folder/edms-gateway_${version}_$architecture.deb
dpkg-deb -z3 --root-owner-group --build "$stage" "$made" >&2
echo "$made"
