#!/bin/sh
# First process of the tiny image, in the initial RAM file system. Loads the drivers, finds the root partition, grows
# it to the disk's end, fills it on the very first boot from this same initial file system, and changes over to it.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
while read -r module; do
    insmod "$module" 2>/dev/null || echo "skep-tiny: cannot load $module"
done < /lib/modules/load-order

root=
tries=0
while [ -z "$root" ] && [ $tries -lt 100 ]; do
    root=$(findfs LABEL=skep-root 2>/dev/null)
    [ -n "$root" ] || usleep 50000
    tries=$((tries + 1))
done
if [ -z "$root" ]; then
    echo "skep-tiny: no partition labelled skep-root; this is a shell on the initial file system"
    exec setsid sh -c 'exec sh </dev/ttyS0 >/dev/ttyS0 2>&1'
fi

# The partition is the second of an MBR: its length is the little-endian word at byte 446 + 16 + 12 of the disk.
part=${root#/dev/}
disk=$(readlink -f "/sys/class/block/$part/..")
disk=${disk##*/}
start=$(cat "/sys/class/block/$part/start")
length=$(cat "/sys/class/block/$part/size")
wanted=$(($(cat "/sys/class/block/$disk/size") - start))
[ $wanted -le 4294967295 ] || wanted=4294967295
if [ $wanted -gt $length ]; then
    bytes=$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((wanted & 255)) $((wanted >> 8 & 255)) $((wanted >> 16 & 255)) $((wanted >> 24 & 255)))
    printf "$bytes" | dd of="/dev/$disk" bs=1 seek=474 conv=notrunc 2>/dev/null
    sync
    blockdev --rereadpt "/dev/$disk"
fi

mount -t ext4 -o noatime "$root" /mnt || exec sh
if [ ! -e /mnt/etc/skep-tiny-filled ]; then
    for entry in bin etc lib lib64 root home sbin usr var; do
        [ -e "/$entry" ] && cp -a "/$entry" /mnt/
    done
    mkdir -p /mnt/dev /mnt/proc /mnt/sys /mnt/run /mnt/tmp /mnt/mnt
    chmod 1777 /mnt/tmp
    # The mark comes last: a boot cut short in the middle fills again.
    sync
    touch /mnt/etc/skep-tiny-filled
fi
umount /proc
umount /sys
mount -o move /dev /mnt/dev
exec switch_root /mnt /sbin/init
