#!/bin/sh
# web/install.sh [FOLDER]: npm ci in FOLDER (default: this one), unless node_modules already holds
# what package-lock.json says. Callers take turns. BERTH_NODE may name the Node.js to use.
set -eu
cd "$(dirname "$0")"
cd "${1:-.}"
[ -z "${BERTH_NODE:-}" ] || PATH="$(dirname "$BERTH_NODE"):$PATH"
exec 9<package-lock.json
flock 9
stamp=node_modules/.berth-lock
cmp -s package-lock.json "$stamp" && exit 0
echo "installing the packages of $(basename "$PWD") with npm"
npm ci --no-fund --no-audit --loglevel=error
cp package-lock.json "$stamp"
