# Sourced by ./skep and ./test: builds the program.

require_dotnet() {
  command -v dotnet >/dev/null 2>&1 && return 0
  local directory
  for directory in /usr/share/dotnet /usr/lib/dotnet /usr/lib64/dotnet "${HOME:-/root}/.dotnet"; do
    if [ -x "$directory/dotnet" ]; then
      PATH=$PATH:$directory
      return 0
    fi
  done
  cat >&2 <<'EOF'
skep: building needs the .NET 10 SDK, and `dotnet` is not there. Install it, then try again:
  Debian, Ubuntu   add Microsoft's feed (https://learn.microsoft.com/dotnet/core/install/linux), then: apt-get install dotnet-sdk-10.0
  Fedora           dnf install dotnet-sdk-10.0
  anywhere         curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0
EOF
  return 1
}

# No telemetry, and no build servers left behind.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1

# publish_program ROOT  — leaves the one file out/skep; prints the build's output only when it fails.
publish_program() {
  local root=$1 rid=linux-x64 log
  [ "$(uname -m)" != aarch64 ] || rid=linux-arm64
  log=$(mktemp)
  # The analyzers speak in ./test; whoever runs the program has no use for them.
  if ! dotnet publish "$root/src/Skep" -c Release -r "$rid" -o "$root/out" -p:RunAnalyzers=false -v:q >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    echo "skep: the build failed" >&2
    return 1
  fi
  rm -f "$log"
  touch "$root/out/skep"
}
