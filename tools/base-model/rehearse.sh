#!/usr/bin/env bash
# The run's exact sequence on this machine, with a toy model that learns one file by heart: pieces arrive one after
# another, training starts detached, is watched, is ended early, and its weights come back in parts. Two minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${BASE_MODEL:-$here/../../.cache/base-model}
export PYTHON=${PYTHON:-python3}
THERE=$(mktemp -d)
export THERE
trap 'rm -rf "$THERE" "$THERE.back"' EXIT

for piece in "$work"/pieces/*; do
  [ "$(du -sm "$piece" | cut -f1)" -le 60 ]
  "$here/carry.sh" receive "$piece"
done
"$here/carry.sh" begin --toy --seconds "${1:-90}" --batch 1 --micro 1 --rate 1e-2 --workers 1
"$here/carry.sh" watch "${2:-120}"
"$here/carry.sh" bring "$THERE.back"
cat "$THERE.back"/model.blocks.* >"$THERE/back.blocks"
cmp "$THERE/back.blocks" "$THERE/run/model.blocks"
BASE_MODEL=$THERE "$PYTHON" "$here/recipe.py" folder "$THERE/back.blocks" "$THERE/folder"
first=$(grep -m1 -o '"loss": [0-9.]*' "$THERE.back/log.jsonl" | cut -d' ' -f2)
last=$(grep -o '"loss": [0-9.]*' "$THERE.back/log.jsonl" | tail -1 | cut -d' ' -f2)
echo "Loss of the toy: $first at first, $last at last."
awk "BEGIN { exit !($last < $first / 2) }"
