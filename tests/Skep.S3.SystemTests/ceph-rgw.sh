#!/usr/bin/env bash
# A Ceph of one machine with an RGW, on loopback alone, from the distribution's packages (ceph-mon ceph-mgr ceph-osd radosgw
# ceph-common): one monitor, one manager, one OSD on a sparse file. Not for data that anybody wants to keep.
#
#   ceph-rgw.sh up DIRECTORY PORT     starts it in an empty directory; prints the endpoint when RGW answers
#   ceph-rgw.sh down DIRECTORY        ends what "up" started, and nothing else
#
# RGW listens on PORT, the monitor on the two after it, the others on PORT+10 to PORT+49. The access key is in
# DIRECTORY/keys, in the form of ~/.aws/credentials.
set -euo pipefail

readonly address=127.0.0.1
readonly osd_bytes=$((10 << 30))
readonly patience_seconds=180

fail() {
  echo "ceph-rgw: $*" >&2
  exit 1
}

# wait_for WHAT COMMAND…  — until the command succeeds.
wait_for() {
  local what=$1 end=$((SECONDS + patience_seconds))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || fail "$what did not come within $patience_seconds s; see $directory/log"
    sleep 0.5
  done
}

write_configuration() {
  cat >"$CEPH_CONF" <<EOF
[global]
fsid = $1
mon_host = [v2:$address:$((port + 1)),v1:$address:$((port + 2))]
public_addr = $address
cluster_addr = $address
ms_bind_port_min = $((port + 10))
ms_bind_port_max = $((port + 49))
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_crush_chooseleaf_type = 0
osd_pool_default_pg_autoscale_mode = off
osd_pool_default_pg_num = 8
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_data_avail_warn = 2
mon_data_avail_crit = 1
run_dir = $directory/run
admin_socket = $directory/run/\$cluster-\$name.\$pid.asok
log_file = $directory/log/\$name.log
pid_file = $directory/run/\$name.pid
keyring = $directory/keyring

[mon]
mon_data = $directory/mon

[mgr]
mgr_data = $directory/mgr

[osd]
osd_data = $directory/osd
bluestore_block_size = $osd_bytes
bluestore_block_create = true
osd_memory_target = 939524096
bluestore_cache_autotune = false
bluestore_cache_size = 134217728
osd_class_update_on_start = false

[client.rgw.a]
rgw_data = $directory/rgw
EOF
}

start_monitor() {
  ceph-authtool --create-keyring "$directory/keyring" --gen-key -n mon. --cap mon 'allow *'
  ceph-authtool "$directory/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
  monmaptool --create --fsid "$1" --addv a "[v2:$address:$((port + 1)),v1:$address:$((port + 2))]" "$directory/monmap"
  ceph-mon --mkfs -i a --monmap "$directory/monmap" --keyring "$directory/keyring"
  ceph-mon -i a 3>&- 4>&-
  wait_for "the monitor" timeout 10 ceph -s
}

start_manager() {
  ceph auth get-or-create mgr.x mon 'allow profile mgr' osd 'allow *' mds 'allow *' >"$directory/mgr/keyring"
  ceph-mgr -i x --keyring "$directory/mgr/keyring" 3>&- 4>&-
}

start_osd() {
  local id secret uuid
  uuid=$(cat /proc/sys/kernel/random/uuid)
  secret=$(ceph-authtool --gen-print-key)
  id=$(echo "{\"cephx_secret\": \"$secret\"}" | ceph osd new "$uuid" -i -)
  ceph-authtool --create-keyring "$directory/osd/keyring" --name "osd.$id" --add-key "$secret"
  ceph-osd -i "$id" --mkfs --osd-uuid "$uuid" --keyring "$directory/osd/keyring"
  ceph-osd -i "$id" --keyring "$directory/osd/keyring" 3>&- 4>&-
  wait_for "the OSD" sh -c 'ceph osd stat | grep -q "1 up"'
}

start_rgw() {
  ceph auth get-or-create client.rgw.a mon 'allow rw' osd 'allow rwx' -o "$directory/rgw/keyring"
  bash "$0" keep "$directory" "$port" >"$directory/log/rgw.out" 2>&1 </dev/null 3>&- 4>&- &
  echo $! >"$directory/run/keeper.pid"
  wait_for "RGW" curl -sS "http://$address:$port/"
  radosgw-admin user create --uid=skep --display-name=skep --access-key=SKEPCEPHTESTKEY --secret=skep-ceph-test-secret >/dev/null
  printf '[default]\naws_access_key_id=SKEPCEPHTESTKEY\naws_secret_access_key=skep-ceph-test-secret\n' >"$directory/keys"
}

# RGW of Ceph 16 aborts now and then (an assertion when it looks for an object's rights): it is started again, until "down".
keep() {
  local rgw=
  trap '[ -z "$rgw" ] || { kill "$rgw" 2>/dev/null; wait "$rgw"; } || true; exit 0' TERM
  while :; do
    radosgw -f -n client.rgw.a --keyring "$directory/rgw/keyring" --rgw-frontends "beast endpoint=$address:$port" &
    rgw=$!
    wait "$rgw" || true
  done
}

up() {
  local fsid program
  for program in ceph-mon ceph-mgr ceph-osd radosgw radosgw-admin ceph curl; do
    command -v "$program" >/dev/null || fail "$program is not there: apt-get install --no-install-recommends ceph-mon ceph-mgr ceph-osd radosgw ceph-common curl"
  done
  mkdir -p "$directory"
  [ -z "$(ls -A "$directory")" ] || fail "$directory is not empty"
  mkdir "$directory"/{mon,mgr,osd,rgw,run,log}
  fsid=$(cat /proc/sys/kernel/random/uuid)
  write_configuration "$fsid"
  exec 3>&1 4>&2 >"$directory/log/up.log" 2>&1
  trap 'give_up' EXIT
  start_monitor "$fsid"
  start_manager
  start_osd
  start_rgw
  trap - EXIT
  echo "http://$address:$port" >&3
}

# What did start is ended again.
give_up() {
  local why
  why=$(tail -3 "$directory/log/up.log")
  down || true
  echo "ceph-rgw: it does not start; the end of $directory/log/up.log: $why" >&4
}

# end PIDFILE  — ends a process that "up" started, and waits until it is gone.
end() {
  local pid end=$((SECONDS + patience_seconds))
  [ -e "$1" ] || return 0
  pid=$(tr -d '[:space:]' <"$1")
  # The number may be somebody else's by now: only who works in this directory is ours.
  tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qxF "CEPH_CONF=$CEPH_CONF" || return 0
  kill "$pid" 2>/dev/null || return 0
  while kill -0 "$pid" 2>/dev/null; do
    [ $SECONDS -lt $end ] || { kill -9 "$pid" 2>/dev/null || true; return 0; }
    sleep 0.2
  done
}

down() {
  local file
  end "$directory/run/keeper.pid"
  for file in "$directory"/run/osd.*.pid "$directory"/run/mgr.*.pid "$directory"/run/mon.*.pid; do
    end "$file"
  done
}

[ $# -ge 2 ] || fail "usage: ceph-rgw.sh up DIRECTORY PORT | down DIRECTORY"
directory=$(realpath -m "$2")
port=${3:-0}
export CEPH_CONF=$directory/ceph.conf
case $1 in
  up) [ $# -eq 3 ] || fail "which PORT?"; up ;;
  down) down ;;
  keep) keep ;; # "up" alone
  *) fail "what is $1?" ;;
esac
