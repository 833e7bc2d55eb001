#!/bin/sh
# Brings the system up to a network and an SSH server; what needs the metadata service is in rc.metadata.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
root=$(findfs LABEL=skep-root) && resize2fs "$root" >/dev/null 2>&1
hostname -F /etc/hostname
ip link set lo up
acpid -l /dev/null -p /run/acpid.pid
for nic in /sys/class/net/eth*; do
    [ -e "$nic" ] || continue
    nic=${nic##*/}
    ip link set "$nic" up
    # In the foreground for the first lease only, and not for long: a network without DHCP must not hold the boot.
    udhcpc -i "$nic" -s /etc/udhcpc.script -p "/run/udhcpc.$nic.pid" -t 10 -T 1 -b -S >/dev/null 2>&1
done
