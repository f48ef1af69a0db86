#!/usr/bin/env bash
# try-deb.sh FILE.deb   installs the package in a folder of its own, as root, and tries what is in
# it: the version, the manual pages, the completions, the units, and the server that its unit runs.
set -euo pipefail

deb="$1"
tmp="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$tmp"' EXIT
root="$tmp/root"
fail() {
  printf 'try-deb.sh: error: %s\n' "$*" >&2
  exit 1
}

mkdir -p "$root"/var/lib/dpkg/{info,updates,triggers}
touch "$root"/var/lib/dpkg/{status,available}
dpkg --root="$root" --force-script-chrootless --log=/dev/null -i "$deb" >"$tmp/log" 2>&1 ||
  fail "dpkg: $(cat "$tmp/log")"
program="$root/usr/bin/msnscope"

"$program" version | tee "$tmp/version"
grep -q '^msnscope v' "$tmp/version" || fail "it does not know its version"
grep -q '^commit [0-9a-f]\{12\} of 2' "$tmp/version" || fail "it does not know its commit and date"

for page in "$root"/usr/share/man/man1/*.1.gz; do
  gzip -t "$page"
  if command -v man >/dev/null; then
    MANWIDTH=100 LC_ALL=C.UTF-8 man --warnings -l "$page" >/dev/null 2>"$tmp/warnings"
    [ ! -s "$tmp/warnings" ] || fail "$page: $(head -n 3 "$tmp/warnings")"
  fi
done
bash -n "$root/usr/share/bash-completion/completions/msnscope"
"$program" __complete dump -T '' 2>/dev/null | grep -q '^jsonl$' || fail "nothing is completed"

if command -v systemd-analyze >/dev/null; then
  mkdir "$tmp/units"
  for unit in "$root"/usr/lib/systemd/system/*; do
    sed "s|^ExecStart=/usr/bin/|ExecStart=$root/usr/bin/|" "$unit" >"$tmp/units/$(basename "$unit")"
  done
  # What it says about units of other programs is none of ours.
  systemd-analyze verify --man=no "$tmp"/units/* >"$tmp/verified" 2>&1 || true
  ! grep -i msnscope "$tmp/verified" || fail "systemd does not like a unit"
fi

# The command line of the unit, with the folders of this one and any free port.
line="$(sed -n 's/^ExecStart=//p' "$root/usr/lib/systemd/system/msnscope-serve.service")"
line="${line//\$\{STATE_DIRECTORY\}/$tmp}"
line="${line//\/etc\/msnscope/$root/etc/msnscope}"
read -r -a words <<<"$line"
"$root${words[0]}" "${words[@]:1}" --listen 127.0.0.1:0 2>"$tmp/said" &
server=$!
for ((i = 0; i < 100; i++)); do
  port="$(sed -n 's/^msnscope: notification on 127.0.0.1:\([0-9]*\)$/\1/p' "$tmp/said")"
  [ -z "$port" ] || break
  sleep 0.1
done
[ -n "$port" ] || fail "the server does not listen: $(cat "$tmp/said")"
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'VER 1 MSNP2\r\n' >&3
read -r -t 10 answer <&3 || fail "no answer to VER"
[ "$answer" = $'VER 1 MSNP2\r' ] || fail "the answer to VER is $answer"
exec 3<&- 3>&-
kill "$server"
wait "$server" || fail "the server ended with $?: $(cat "$tmp/said")"
[ -s "$tmp/accounts.db" ] || fail "the accounts are not where the unit says"

dpkg --root="$root" --force-script-chrootless --log=/dev/null -P msnscope >"$tmp/log" 2>&1 ||
  fail "dpkg: $(cat "$tmp/log")"
[ ! -e "$program" ] || fail "it was not removed"
echo "installed, ran and was removed: $(basename "$deb")"
