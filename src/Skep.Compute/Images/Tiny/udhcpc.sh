#!/bin/sh
# What udhcpc calls on every change of a lease; the variables are its own.
case "$1" in
deconfig)
    ip addr flush dev "$interface"
    ip link set "$interface" up
    ;;
bound | renew)
    ip addr flush dev "$interface"
    ip addr add "$ip/${mask:-24}" dev "$interface"
    [ -n "$mtu" ] && ip link set "$interface" mtu "$mtu"
    if [ -n "$staticroutes" ]; then
        # RFC 3442: these replace the router option. Pairs of destination and gateway.
        set -- $staticroutes
        while [ $# -ge 2 ]; do
            if [ "$2" = 0.0.0.0 ]; then
                ip route replace "$1" dev "$interface"
            else
                ip route replace "$1" via "$2" dev "$interface" onlink
            fi
            shift 2
        done
    else
        for gateway in $router; do
            ip route replace default via "$gateway" dev "$interface" onlink
            break
        done
    fi
    ip route show default | grep -q . || ip route replace 169.254.169.254 dev "$interface"
    {
        [ -n "$domain" ] && echo "search $domain"
        for server in $dns; do
            echo "nameserver $server"
        done
    } >/etc/resolv.conf.new
    mv /etc/resolv.conf.new /etc/resolv.conf
    ;;
esac
