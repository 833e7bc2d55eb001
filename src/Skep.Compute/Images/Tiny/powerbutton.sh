#!/bin/sh
# What acpid runs when the machine is asked to power down.
exec /sbin/poweroff
