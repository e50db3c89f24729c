#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# wheels.sh PYTHON FOLDER   puts the gateway's wheel and those of everything it needs into FOLDER, for that PYTHON.
# Extras are those whose wheels need nothing of the system; drivers that do (mssql, oracle) are left out, and what only tests need.
set -euo pipefail
python=$1 folder=$2
root=$(cd "$(dirname "$0")/.." && pwd)
source=$(mktemp -d)
trap 'rm -rf "$source"' EXIT

cd "$root"
cp -r gateway templates config setup.py pyproject.toml MANIFEST.in README.md LICENSE "$source" # a build leaves traces
find "$source" -name __pycache__ -prune -exec rm -rf {} +
extras=$("$python" - <<'PYTHON'
import tomllib
known = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]
print(",".join(name for name in known if name not in ("test", "dev", "browser", "mssql", "oracle")))
PYTHON
)
mkdir -p "$folder"
"$python" -m pip wheel --quiet --disable-pip-version-check -c constraints.txt -w "$folder" "$source[$extras]"
echo "$extras" >"$folder/extras"
