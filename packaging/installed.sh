#!/bin/sh
# After the package was installed or removed: systemd reads the units again.
set -e
if [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
	systemctl daemon-reload || :
fi
