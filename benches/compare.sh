#!/usr/bin/env bash
# Builds what is compared and compares it as whole processes: see compare.py, or `benches/compare.sh --help`.
set -euo pipefail
cd "$(dirname "$0")"
cargo build --release --quiet -p keysieve -p keysieve-benches --bin keysieve --bin walkread --bin inputs
target=$(cargo metadata --format-version 1 --no-deps |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
export KEYSIEVE=${KEYSIEVE:-$target/release/keysieve}
export WALKREAD=$target/release/walkread INPUTS=$target/release/inputs
cd "$OLDPWD"
exec python3 "$(dirname "$0")/compare.py" "$@"
