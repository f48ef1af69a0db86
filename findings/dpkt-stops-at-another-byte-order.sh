#!/usr/bin/env bash
# dpkt 1.9.8 loses all of a pcapng file after a section in the other byte order, and says nothing.
#
# Guess before running: an error at the second section, if it is not read.
# Seen: one packet of two and no error. The length of the first block of that section is read with the
# octets in the wrong order, so that the rest of the file passes for one block of a kind that is not
# known. Each section of a pcapng file has its own byte order: `cat` of two captures makes such a file.
set -euo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq python3-dpkt=1.9.8-1
dpkg -x python3-dpkt_*.deb root

cat >try.py <<'PY'
import struct
import dpkt

def section(order):
    def block(kind, body):
        size = 12 + len(body)
        return struct.pack(order + "II", kind, size) + body + struct.pack(order + "I", size)

    frame = bytes.fromhex("020000000002020000000001") + b"\x88\xb5" + bytes(46)
    return (block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
            + block(1, struct.pack(order + "HHI", 1, 0, 0))
            + block(6, struct.pack(order + "5I", 0, 0, 1, len(frame), len(frame)) + frame))

print("dpkt", dpkt.__version__)
for name, orders in ("little, little", "<<"), ("big, big", ">>"), ("little, big", "<>"):
    with open("sections.pcapng", "wb") as f:
        f.write(b"".join(section(order) for order in orders))
    print(name + ":", sum(1 for _ in dpkt.pcapng.Reader(open("sections.pcapng", "rb"))), "of 2 packets")
PY
PYTHONPATH=root/usr/lib/python3/dist-packages /usr/bin/python3 try.py | tee out
diff out - <<'WANT'
dpkt 1.9.8
little, little: 2 of 2 packets
big, big: 2 of 2 packets
little, big: 1 of 2 packets
WANT
