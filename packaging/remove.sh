#!/bin/sh
# Before the package is removed for good, which dpkg calls "remove" and rpm 0: the
# services end, and do not begin with the machine any more.
set -e
case "$1" in
remove | 0)
	if [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
		systemctl disable --now msnscope-serve.socket msnscope-serve.service \
			msnscope-proxy.socket msnscope-proxy.service || :
	fi
	;;
esac
