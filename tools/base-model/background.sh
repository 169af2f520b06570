#!/usr/bin/env bash
# `background.sh start [OPTION ...] | pause | resume | status | stop`: the stage `heal` beside other work. It takes only
# what processors have to spare, and stands still at once while something is timed. State, log and the number of its
# group of processes are in $BASE_MODEL, or .cache/base-model of the repository. Every word may be said at any time.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=${BASE_MODEL:-$here/../../.cache/base-model}
folder=$state/heal-run
group_file=$folder/group
mkdir -p "$folder"

# The group that runs, or nothing. A number may since be another's, so its command is looked at.
group() {
  local number
  number=$(cat "$group_file" 2>/dev/null) || return 0
  if [[ $number =~ ^[0-9]+$ ]] && tr '\0' ' ' <"/proc/$number/cmdline" 2>/dev/null | grep -q 'recipe\.py heal'; then
    echo "$number"
  fi
}

send() {
  local number
  number=$(group)
  if [ -n "$number" ]; then kill "-$1" -- "-$number" 2>/dev/null || true; fi
}

say() {
  local number
  number=$(group)
  if [ -z "$number" ]; then
    echo 'Nothing is trained.'
  elif [[ $(ps -o stat= -p "$number") == T* ]]; then
    echo "Training stands still (group $number)."
  else
    echo "Training runs (group $number)."
  fi
}

start() {
  if [ -n "$(group)" ]; then
    send CONT
    return
  fi
  local idle=()
  if command -v chrt >/dev/null; then idle=(chrt -i 0); fi
  # A group of its own to be stopped, but no session of its own: Linux shares processors out between sessions first.
  set -m
  OMP_NUM_THREADS=1 BASE_MODEL=$state nohup nice -n 19 "${idle[@]}" python3 -u "$here/recipe.py" heal "$@" \
    >>"$folder/output.log" 2>&1 </dev/null &
  echo $! >"$group_file"
  set +m
  sleep 1
}

case ${1:-} in
  start) start "${@:2}" && say ;;
  pause) send STOP && say ;;
  resume) send CONT && say ;;
  status)
    say
    tail -n 3 "$folder/output.log" 2>/dev/null || true
    ;;
  stop)
    # It ends after its step, with a checkpoint.
    send TERM
    send CONT
    for _ in $(seq 300); do
      if [ -z "$(group)" ]; then break; fi
      sleep 1
    done
    say
    ;;
  *)
    sed -n '2,4s/^# //p' "$0"
    exit 2
    ;;
esac
