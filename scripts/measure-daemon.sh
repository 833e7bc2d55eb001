#!/usr/bin/env bash
# Measures the published daemon: size, start to ready, resident memory. Usage: scripts/measure-daemon.sh [PROGRAM] [RUNS]
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
program=${1:-$root/out/skep}
runs=${2:-7}
work=$(mktemp -d)
data=$work/data
trap '"$program" down --data "$data" >/dev/null; rm -rf "$work"' EXIT

echo "size: $(stat -c %s "$program") bytes"
starts=() resident=()
for _ in $(seq "$runs"); do
  # From the start of the process to "ready" in its log; both are the machine's clock.
  began=$(date +%s%N)
  "$program" up --simulate --listen 127.0.0.1:0 --data "$data" --detach >/dev/null
  ended=$(date +%s%N)
  starts+=($(((ended - began) / 1000000)))
  pid=$(sed -n 's/^ *"pid": \([0-9]*\),$/\1/p' "$data/daemon.json")
  sleep 2
  resident+=("$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status")")
  "$program" down --data "$data" >/dev/null
done
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
echo "start to ready (with --detach's own start): median $(median "${starts[@]}") ms of ${starts[*]}"
echo "resident, idle: median $(median "${resident[@]}") kB of ${resident[*]}"
