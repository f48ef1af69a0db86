#!/usr/bin/env bash
# dpkt 1.9.8 reads the times of all packets of a pcapng file with the resolution of the first
# interface.
#
# Guess before running: two packets of 2001-09-09, a second apart, or an error.
# Seen: the packets of the second interface, which counts nanoseconds as Wireshark's and our own
# recordings do, are of the year 33658, without a word. mergecap makes files of that form out of a
# capture in microseconds and one in nanoseconds.
set -euo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq python3-dpkt=1.9.8-1
dpkg -x python3-dpkt_*.deb root

cat >try.py <<'PY'
import struct
import dpkt

def block(kind, body):
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))

def interface(resolution):
    return block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHB3x", 9, 1, resolution) + bytes(4))

def packet(number, time):
    frame = bytes.fromhex("020000000002020000000001") + b"\x88\xb5" + bytes(46)
    head = struct.pack("<5I", number, time >> 32, time & 0xFFFFFFFF, len(frame), len(frame))
    return block(6, head + frame)

with open("two.pcapng", "wb") as f:
    f.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
    f.write(interface(6) + interface(9))
    f.write(packet(0, 1_000_000_000 * 10**6) + packet(1, 1_000_000_001 * 10**9))
print("dpkt", dpkt.__version__)
for time, frame in dpkt.pcapng.Reader(open("two.pcapng", "rb")):
    print(int(time), len(frame))
PY
PYTHONPATH=root/usr/lib/python3/dist-packages /usr/bin/python3 try.py | tee out
diff out - <<'WANT'
dpkt 1.9.8
1000000000 60
1000000001000 60
WANT
