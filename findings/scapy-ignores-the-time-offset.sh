#!/usr/bin/env bash
# Scapy 2.5.0 ignores if_tsoffset, the seconds that an interface of a pcapng file adds to the times of
# its packets.
#
# Guess before running: the packet is of 2001-09-09, as capinfos and dpkt say.
# Seen: the packet is of 1970. if_tsresol of the same block is honoured, so a reader that checks its
# times against a file without an offset finds nothing.
set -euo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq python3-scapy=2.5.0+dfsg-2 python3-dpkt=1.9.8-1
for package in *.deb; do dpkg -x "$package" root; done

cat >try.py <<'PY'
import struct
import dpkt, scapy
from scapy.utils import rdpcap

def block(kind, body):
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))

def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + b"\0" * (-len(value) % 4)

frame = bytes.fromhex("020000000002020000000001") + b"\x88\xb5" + bytes(46)
options = option(9, b"\x09") + option(14, struct.pack("<q", 1_000_000_000)) + bytes(4)
with open("offset.pcapng", "wb") as f:
    f.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
    f.write(block(1, struct.pack("<HHI", 1, 0, 0) + options))
    f.write(block(6, struct.pack("<5I", 0, 0, 500_000_000, len(frame), len(frame)) + frame))
print("scapy", scapy.__version__, "says", float(rdpcap("offset.pcapng")[0].time))
print("dpkt", dpkt.__version__, "says", next(dpkt.pcapng.Reader(open("offset.pcapng", "rb")))[0])
PY
PYTHONPATH=root/usr/lib/python3/dist-packages /usr/bin/python3 try.py | tee out
diff out - <<'WANT'
scapy 2.5.0 says 0.5
dpkt 1.9.8 says 1000000000.5
WANT
