#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bundle.sh PYTHON FOLDER   makes one archive in FOLDER from which the gateway is installed where no index is in reach.
# Prints the path of the archive.  It is for machines of this kind, with this version of Python.
set -euo pipefail
python=$1 folder=$(realpath -m "$2")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$here/wheels.sh" "$python" "$work/wheels"
version=$(cd "$work/wheels" && ls edms_gateway-*.whl | cut -d- -f2)
made_for=$("$python" -c 'import platform, sys; print(f"python{sys.version_info.major}.{sys.version_info.minor}-{platform.machine()}")')
name=edms-gateway-$version-$made_for
mkdir "$work/$name"
mv "$work/wheels" "$work/$name/wheels"
mv "$work/$name/wheels/extras" "$work/$name/extras"
cp "$here/install.sh" "$here/../LICENSE" "$here/../constraints.txt" "$here/../docs/installing.md" "$work/$name"
echo "$made_for" >"$work/$name/made-for"
(cd "$work/$name" && find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum >SHA256SUMS)
mkdir -p "$folder"
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner -czf "$folder/$name.tar.gz" "$name"
echo "$folder/$name.tar.gz"
