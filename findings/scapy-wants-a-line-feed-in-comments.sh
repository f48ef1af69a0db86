#!/usr/bin/env bash
# Scapy 2.5.0 reads the comment of a packet in a pcapng file only up to a line feed, and refuses a
# comment without one.
#
# Guess before running: the packet's `comment` is the comment, since Scapy writes and reads comments.
# Seen: `comment` is None, with the warning "PcapNg: invalid comment option"; with a line feed at the
# end it is read, without that line feed. opt_comment is a text without terminator in pcapng, and
# Wireshark and editcap write none, so comments made by them are lost in Scapy.
set -euo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq python3-scapy=2.5.0+dfsg-2
dpkg -x python3-scapy_*.deb root

cat >try.py <<'PY'
import struct
from scapy.utils import rdpcap
import scapy

def block(kind, body):
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))

def write(name, comment):
    frame = bytes.fromhex("020000000002020000000001") + b"\x88\xb5" + bytes(46)
    option = struct.pack("<HH", 1, len(comment)) + comment + b"\0" * (-len(comment) % 4) + bytes(4)
    with open(name, "wb") as f:
        f.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        f.write(block(1, struct.pack("<HHI", 1, 0, 0)))
        f.write(block(6, struct.pack("<5I", 0, 0, 1, len(frame), len(frame)) + frame + option))

write("plain.pcapng", b"seen by alice")
write("feed.pcapng", b"seen by alice\n")
print("scapy", scapy.__version__)
print("without line feed:", getattr(rdpcap("plain.pcapng")[0], "comment", None))
print("with line feed:", getattr(rdpcap("feed.pcapng")[0], "comment", None))
PY
PYTHONPATH=root/usr/lib/python3/dist-packages /usr/bin/python3 try.py 2>warnings | tee out
grep -h 'invalid comment' warnings | head -n 1
diff out - <<'WANT'
scapy 2.5.0
without line feed: None
with line feed: b'seen by alice'
WANT
grep -q 'PcapNg: invalid comment option' warnings
