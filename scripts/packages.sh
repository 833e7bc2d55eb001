# Sourced by ./skep and ./test: finds out which system packages are missing, and installs them.

# The system's package manager: apt or dnf; empty when it is another.
package_manager() {
  if command -v apt-get >/dev/null 2>&1; then echo apt
  elif command -v dnf >/dev/null 2>&1; then echo dnf
  fi
}

# install_packages YES WHY PACKAGE…  — says which and why, asks unless YES is 1 or nobody can be asked, installs.
# Package names are Debian's; dnf_name translates.
install_packages() {
  local yes=$1 why=$2 manager sudo="" answer
  shift 2
  manager=$(package_manager)
  if [ -z "$manager" ]; then
    echo "skep: please install with your system's package manager ($why): $*" >&2
    return 1
  fi
  if [ "$manager" = dnf ]; then
    local translated=() package
    for package in "$@"; do
      package=$(dnf_name "$package")
      [ -n "$package" ] && translated+=("$package")
    done
    [ ${#translated[@]} -gt 0 ] || return 0
    set -- "${translated[@]}"
  fi
  echo "System packages are missing ($why):" >&2
  echo "  $*" >&2
  if [ "$yes" != 1 ] && [ -t 0 ] && [ -t 2 ]; then
    read -r -p "Install them now with $manager? [Y/n] " answer
    case "$answer" in [nN]*) return 1 ;; esac
  fi
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      echo "skep: this needs root and there is no sudo; run as root: $manager install $*" >&2
      return 1
    fi
    sudo=sudo
  fi
  if [ "$manager" = apt ]; then
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null 2>&1 && return 0
    # The lists may be old, or not there at all in a fresh container.
    $sudo apt-get update -qq >&2 || return 1
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >&2
  else
    $sudo dnf install -q -y "$@" >&2
  fi
}

# Fedora's name of a Debian package; nothing where Fedora has none or has it always.
dnf_name() {
  case "$1" in
    libsqlite3-0) echo sqlite-libs ;;
    libzstd1) echo libzstd ;;
    libssl3) echo openssl-libs ;;
    qemu-system-x86) echo qemu-system-x86-core ;;
    qemu-system-arm) echo qemu-system-aarch64-core ;;
    qemu-utils) echo qemu-img ;;
    ovmf) echo edk2-ovmf ;;
    qemu-efi-aarch64) echo edk2-aarch64 ;;
    iproute2) echo iproute ;;
    openssh-client) echo openssh-clients ;;
    fdisk) echo util-linux ;;
    systemd-boot-efi) echo systemd-boot-unsigned ;;
    busybox-static) echo busybox ;;
    dropbear-bin) echo dropbear ;;
    awscli) echo awscli2 ;;
    python3-boto3) echo python3-boto3 ;;
    kubernetes-client) echo kubernetes-client ;;
    sqlite3) echo sqlite ;;
    libnbd-bin) echo libnbd ;;
    s3fs) echo s3fs-fuse ;;
    *) echo "$1" ;;
  esac
}

# missing_packages  — reads "package probe…" lines and prints the packages of which no probe is there. A probe is a
# program's name, a path, or a file pattern.
missing_packages() {
  local package probes probe found
  while read -r package probes; do
    [ -n "$package" ] || continue
    found=
    for probe in $probes; do
      case "$probe" in
        /*) [ -e "$probe" ] && found=1 ;;
        # Administrators' programs are not on every user's path.
        *) if command -v "$probe" >/dev/null 2>&1 || [ -x "/usr/sbin/$probe" ] || [ -x "/sbin/$probe" ]; then found=1; fi ;;
      esac
      [ -z "$found" ] || break
    done
    [ -n "$found" ] || echo "$package"
  done
}

# What running virtual machines needs.
runtime_packages() {
  local qemu="qemu-system-x86 qemu-system-x86_64" firmware="ovmf /usr/share/OVMF/OVMF_CODE.fd /usr/share/OVMF/OVMF_CODE_4M.fd /usr/share/edk2/ovmf/OVMF_CODE.fd"
  if [ "$(uname -m)" = aarch64 ]; then
    qemu="qemu-system-arm qemu-system-aarch64"
    firmware="qemu-efi-aarch64 /usr/share/AAVMF/AAVMF_CODE.fd /usr/share/edk2/aarch64/QEMU_EFI.fd"
  fi
  cat <<EOF
$qemu
$firmware
qemu-utils qemu-img
nftables nft
iproute2 ip
openssh-client ssh
EOF
}

# Where libraries may be, by soname.
library_packages() {
  local multiarch
  multiarch=$(uname -m)-linux-gnu
  cat <<EOF
libsqlite3-0 /usr/lib/$multiarch/libsqlite3.so.0 /usr/lib64/libsqlite3.so.0 /usr/lib/libsqlite3.so.0
libzstd1 /usr/lib/$multiarch/libzstd.so.1 /usr/lib64/libzstd.so.1 /usr/lib/libzstd.so.1
libssl3 /usr/lib/$multiarch/libssl.so.3 /usr/lib64/libssl.so.3 /usr/lib/libssl.so.3
EOF
}

# What `skep image build` needs.
image_packages() {
  cat <<EOF
mmdebstrap mmdebstrap
mtools mcopy
dosfstools mkfs.vfat
fdisk sfdisk
e2fsprogs mke2fs
cpio cpio
systemd-boot-efi /usr/lib/systemd/boot/efi/systemd-bootx64.efi /usr/lib/systemd/boot/efi/systemd-bootaa64.efi
EOF
}

# What the tests need beside that.
test_packages() {
  cat <<EOF
awscli aws
python3-boto3 /usr/lib/python3/dist-packages/boto3
python3-requests /usr/lib/python3/dist-packages/requests
rclone rclone
s3cmd s3cmd
s3fs s3fs
restic restic
git git
kubernetes-client kubectl
busybox-static /bin/busybox /usr/bin/busybox
dropbear-bin dropbearkey
sqlite3 sqlite3
curl curl
openssl openssl
libnbd-bin nbdinfo
nbdkit nbdkit
fio fio
qemu-guest-agent qemu-ga
EOF
}
