#!/usr/bin/env bash
# OpenStack Swift of one machine with its S3 API, on loopback alone, from the distribution's packages (swift-proxy swift-account
# swift-container swift-object memcached): one replica, tempauth. Needs root, and extended attributes in DIRECTORY.
#
#   swift.sh up DIRECTORY PORT     starts it in an empty directory; prints the endpoint when it answers
#   swift.sh down DIRECTORY        ends what "up" started, and nothing else
#
# The servers listen on PORT to PORT+4. The access key is in DIRECTORY/keys, in the form of ~/.aws/credentials.
set -euo pipefail

readonly address=127.0.0.1
readonly patience_seconds=120
readonly filters="catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth slo dlo versioned_writes symlink"

fail() {
  echo "swift: $*" >&2
  exit 1
}

# start NAME COMMAND…  — in the background, by its process id in run/.
start() {
  local name=$1
  shift
  "$@" >"$directory/log/$name" 2>&1 </dev/null &
  echo $! >"$directory/run/$name.pid"
}

# A storage server and its ring of one device.
storage() {
  local kind=$1 at=$2
  cat >"$directory/$kind-server.conf" <<EOF
[DEFAULT]
bind_ip = $address
bind_port = $at
user = $(id -un)
swift_dir = $directory
devices = $directory/devices
mount_check = false
workers = 1
[pipeline:main]
pipeline = $kind-server
[app:$kind-server]
use = egg:swift#$kind
EOF
  (cd "$directory" &&
    swift-ring-builder "$kind.builder" create 6 1 1 &&
    swift-ring-builder "$kind.builder" add "r1z1-$address:$at/d1" 1 &&
    swift-ring-builder "$kind.builder" rebalance) >"$directory/log/ring-$kind" 2>&1
  start "$kind" "swift-$kind-server" "$directory/$kind-server.conf"
}

write_proxy() {
  local filter
  cat <<EOF
[DEFAULT]
bind_ip = $address
bind_port = $1
user = $(id -un)
swift_dir = $directory
workers = 2
[pipeline:main]
pipeline = $filters proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
EOF
  for filter in $filters; do
    printf '[filter:%s]\nuse = egg:swift#%s\n' "$filter" "${filter/#cache/memcache}"
    case $filter in
      cache) echo "memcache_servers = $address:$(($1 + 4))" ;;
      s3api) printf 'location = us-east-1\ns3_acl = false\n' ;;
      tempauth) echo "user_test_tester = testing .admin" ;;
      versioned_writes) printf 'allow_versioned_writes = true\nallow_object_versioning = true\n' ;;
    esac
  done
}

# Runs with /etc/swift to itself.
serve() {
  local port=$1 end=$((SECONDS + patience_seconds))
  mkdir -p /etc/swift "$directory"/{run,log,etc,devices/d1}
  printf '[swift-hash]\nswift_hash_path_suffix = bench\nswift_hash_path_prefix = bench\n[storage-policy:0]\nname = default\ndefault = yes\n' >"$directory/etc/swift.conf"
  mount --bind "$directory/etc" /etc/swift
  start memcached memcached -u "$(id -un)" -l $address -p $((port + 4)) -m 64
  storage account $((port + 1))
  storage container $((port + 2))
  storage object $((port + 3))
  write_proxy "$port" >"$directory/proxy-server.conf"
  start proxy swift-proxy-server "$directory/proxy-server.conf"
  printf '[default]\naws_access_key_id = test:tester\naws_secret_access_key = testing\n' >"$directory/keys"
  until curl -fs "http://$address:$port/healthcheck" >/dev/null; do
    [ $SECONDS -lt $end ] || fail "did not answer within $patience_seconds s; see $directory/log"
    sleep 0.5
  done
  echo "http://$address:$port"
}

case "${1:-}" in
  up)
    [ $# = 3 ] || fail "up DIRECTORY PORT"
    exec unshare --mount "$0" serve "$2" "$3"
    ;;
  serve)
    readonly directory=$2
    serve "$3"
    ;;
  down)
    [ $# = 2 ] || fail "down DIRECTORY"
    for file in "$2"/run/*.pid; do
      [ -e "$file" ] || continue
      pid=$(cat "$file")
      kill "$pid" 2>/dev/null || continue
      while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    done
    ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
