#!/bin/sh
# Asks the metadata service who this machine is, lets its key in, starts the SSH server and runs the user data.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec >/dev/console 2>&1
state=/var/lib/skep
mkdir -p "$state" /etc/dropbear

install_key() {
    for home in /root /home/skep; do
        mkdir -p "$home/.ssh"
        echo "$1" >"$home/.ssh/authorized_keys"
        chmod 700 "$home/.ssh"
        chmod 600 "$home/.ssh/authorized_keys"
    done
    chown -R skep:skep /home/skep
}

id=
tries=0
ls -d /sys/class/net/eth* >/dev/null 2>&1 || tries=20
while [ $tries -lt 20 ]; do
    id=$(imds meta-data/instance-id) && break
    tries=$((tries + 1))
    usleep 500000
done

# A new instance of an image taken from another one gets keys of its own and runs its own user data.
is_new=
[ "$id" = "$(cat "$state/instance-id" 2>/dev/null)" ] || is_new=1
if [ -n "$is_new" ] || [ ! -s /etc/dropbear/dropbear_ed25519_host_key ]; then
    rm -f /etc/dropbear/*
    dropbearkey -t ed25519 -f /etc/dropbear/dropbear_ed25519_host_key >/dev/null
    is_new=1
fi
if [ -n "$id" ]; then
    key=$(imds meta-data/public-keys/0/openssh-key) && install_key "$key"
    name=$(imds meta-data/local-hostname) && echo "${name%%.*}" >/etc/hostname && hostname -F /etc/hostname
else
    echo "skep-tiny: the metadata service does not answer; no key can log in that did before"
fi

# -s: keys only. ECDSA and RSA host keys are left out: ed25519 is made in a moment, RSA takes many seconds emulated.
dropbear -s -r /etc/dropbear/dropbear_ed25519_host_key -P /run/dropbear.pid
echo "skep-tiny ready: $(hostname) $(ip -4 -o addr show scope global | awk '{ sub("/.*", "", $4); printf "%s ", $4 }')up $(cut -d' ' -f1 /proc/uptime) s"

if [ -n "$id" ] && [ -n "$is_new" ]; then
    if imds user-data >"$state/user-data" 2>/dev/null; then
        chmod 700 "$state/user-data"
        if [ "$(head -c 2 "$state/user-data")" = '#!' ]; then
            echo "$id" >"$state/instance-id"
            "$state/user-data"
            echo "skep-tiny: user data ended with $?"
        fi
    fi
fi
[ -z "$id" ] || echo "$id" >"$state/instance-id"
