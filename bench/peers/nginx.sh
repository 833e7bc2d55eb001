#!/usr/bin/env bash
# nginx as a store of files by PUT, GET and DELETE, on loopback alone, from the distribution's packages (nginx-light or nginx):
# the practical ceiling of a server that checks no signature and syncs nothing to the disk.
#
#   nginx.sh up DIRECTORY PORT     starts it in an empty directory; prints the endpoint
#   nginx.sh down DIRECTORY        ends what "up" started, and nothing else
set -euo pipefail

fail() {
  echo "nginx: $*" >&2
  exit 1
}

up() {
  local directory=$1 port=$2
  mkdir -p "$directory"/{run,files,temporary}
  # Whose files the workers write: ours.
  cat >"$directory/nginx.conf" <<EOF
user $(id -un) $(id -gn);
worker_processes 2;
pid $directory/run/nginx.pid;
error_log $directory/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  client_max_body_size 0;
  client_body_temp_path $directory/temporary;
  proxy_temp_path $directory/temporary/proxy;
  fastcgi_temp_path $directory/temporary/fastcgi;
  uwsgi_temp_path $directory/temporary/uwsgi;
  scgi_temp_path $directory/temporary/scgi;
  server {
    listen 127.0.0.1:$port;
    root $directory/files;
    location / {
      dav_methods PUT DELETE;
      create_full_put_path on;
    }
  }
}
EOF
  /usr/sbin/nginx -e "$directory/error.log" -c "$directory/nginx.conf" || fail "does not start; see $directory/error.log"
  echo "http://127.0.0.1:$port"
}

case "${1:-}" in
  up) [ $# = 3 ] || fail "up DIRECTORY PORT"; up "$2" "$3" ;;
  down)
    [ $# = 2 ] || fail "down DIRECTORY"
    [ -e "$2/run/nginx.pid" ] || exit 0
    pid=$(cat "$2/run/nginx.pid")
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
