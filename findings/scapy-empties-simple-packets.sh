#!/usr/bin/env bash
# Scapy 2.5.0 reads no octet of a simple packet block when the interface has no limit on lengths, and
# gives the packet the time at which it is read.
#
# Guess before running: the packet has its 60 octets and time 0, since the block has no time.
# Seen: the packet has no octet, since a snaplen of 0, which means no limit, is taken for a limit of
# 0; with a snaplen of 65535 all 60 are there. The time is that of the clock in both cases, so two
# reads of one file differ.
set -euo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq python3-scapy=2.5.0+dfsg-2
dpkg -x python3-scapy_*.deb root

cat >try.py <<'PY'
import struct, time
import scapy
from scapy.utils import RawPcapNgReader, rdpcap

def block(kind, body):
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))

frame = bytes.fromhex("020000000002020000000001") + b"\x88\xb5" + bytes(46)
print("scapy", scapy.__version__)
for snaplen in 0, 65535:
    with open("simple.pcapng", "wb") as f:
        f.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        f.write(block(1, struct.pack("<HHI", 1, 0, snaplen)))
        f.write(block(3, struct.pack("<I", len(frame)) + frame))
    before = time.time()
    packet = rdpcap("simple.pcapng")[0]
    raw = next(iter(RawPcapNgReader("simple.pcapng")))[0]
    print("snaplen", snaplen, "octets", len(raw), "time of now", before <= float(packet.time) <= time.time())
PY
PYTHONPATH=root/usr/lib/python3/dist-packages /usr/bin/python3 try.py 2>/dev/null | tee out
diff out - <<'WANT'
scapy 2.5.0
snaplen 0 octets 0 time of now True
snaplen 65535 octets 60 time of now True
WANT
