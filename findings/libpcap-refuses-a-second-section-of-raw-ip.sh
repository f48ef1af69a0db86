#!/usr/bin/env bash
# libpcap 1.10.3 (tcpdump 4.99.3) stops at the second section of a pcapng file of raw IP packets, though
# both sections have the same link type.
#
# Guess before running: two packets, since sections of one link type can be read one after the other.
# Seen: one packet, then "an interface has a type 101 different from the type of the first interface":
# type 101 is that of the first as well. With Ethernet, both packets are read. So `cat` of two
# recordings works with Ethernet frames and is cut short with raw IP.
set -euo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq tcpdump=4.99.3-1 libpcap0.8=1.10.3-1
for package in *.deb; do dpkg -x "$package" root; done
lib="$(dirname "$(find "$PWD/root" -name 'libpcap.so.0.8')")"

cat >make.py <<'PY'
import struct

def block(kind, body):
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))

# An IPv4 header without payload, from 192.0.2.1 to 192.0.2.2.
raw = bytes.fromhex("4500001400010000403df6a0c0000201c0000202")
ethernet = bytes.fromhex("0200000000020200000000010800") + raw + bytes(26)
for name, link, frame in ("raw.pcapng", 101, raw), ("ethernet.pcapng", 1, ethernet):
    with open(name, "wb") as f:
        for _ in range(2):
            f.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
            f.write(block(1, struct.pack("<HHI", link, 0, 0)))
            f.write(block(6, struct.pack("<5I", 0, 0, 1, len(frame), len(frame)) + frame))
PY
python3 make.py
tcpdump="$(find root -name tcpdump -type f -perm -1 | head -n 1)"
{
  LD_LIBRARY_PATH="$lib" "$tcpdump" --version 2>&1 | head -n 2
  for name in ethernet raw; do
    packets="$(LD_LIBRARY_PATH="$lib" "$tcpdump" -n -r "$name.pcapng" 2>"$name.err" | wc -l)" || true
    echo "$name: $packets of 2 packets"
  done
  grep -o 'an interface has a type 101 .*' raw.err
} | tee out
diff out - <<'WANT'
tcpdump version 4.99.3
libpcap version 1.10.3 (with TPACKET_V3)
ethernet: 2 of 2 packets
raw: 1 of 2 packets
an interface has a type 101 different from the type of the first interface
WANT
