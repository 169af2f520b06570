#!/usr/bin/env bash
# What is done on the machine with the GPU, one verb a call, since files travel in pieces of at most 60 MiB and a
# call lasts ten minutes. What must outlive a call is under $THERE; only `begin` leaves something running.
#   receive PIECE    take over the files of a piece (pieces/1, pieces/2, ...) and the recipe itself
#   begin [options]  start `recipe.py train` detached, with those options
#   watch SECONDS    print its log until it ends, at most that long
#   bring OUT        write log and weights, in parts of 15 MiB, into OUT; first ends the training if it runs
set -euo pipefail
there=${THERE:-/tmp/base-model}
export BASE_MODEL=$there PYTHONUNBUFFERED=1
python=${PYTHON:-python3}

running() { [ -f "$there/pid" ] && kill -0 "$(cat "$there/pid")" 2>/dev/null; }

case $1 in
  receive)
    mkdir -p "$there/corpus" "$there/recipe"
    cp "$(dirname "$0")"/*.{py,txt,json} "$there/recipe/"
    for file in "$2"/*; do
      case $(basename "$file") in
        train-* | held-out-*) cp "$file" "$there/corpus/" ;;
        *) cp "$file" "$there/" ;;
      esac
    done
    (cd "$there" && sha256sum ./*.* corpus/*)
    ;;
  begin)
    shift
    setsid nohup "$python" "$there/recipe/recipe.py" train "$@" >"$there/train.out" 2>&1 </dev/null &
    echo $! >"$there/pid"
    ;;
  watch)
    timeout "$2" tail -n +1 --pid="$(cat "$there/pid")" -f "$there/train.out" || true
    ;;
  bring)
    if running; then
      kill -TERM "$(cat "$there/pid")"
      tail --pid="$(cat "$there/pid")" -f /dev/null
    fi
    tail -n 3 "$there/train.out"
    mkdir -p "$2"
    cp "$there/run/log.jsonl" "$2/"
    split -b 15M -d "$there/run/model.blocks" "$2/model.blocks."
    sha256sum "$there/run/model.blocks"
    ;;
esac
