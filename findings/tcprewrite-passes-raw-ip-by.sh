#!/usr/bin/env bash
# tcprewrite 4.4.3 changes neither ports nor addresses of a raw IP capture, and ends with code 0.
#
# Guess before running: the port is changed, or the link type is refused.
# Seen: the output is a copy of the input, port 1863 included, without a word. The same packet in an
# Ethernet frame leaves with port 2000. Who believes that --pnat made a capture anonymous is wrong.
set -euo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq tcpreplay=4.4.3-1 libdumbnet1=1.16.3-1 libpcap0.8=1.10.3-1 libopts25
for package in *.deb; do dpkg -x "$package" root; done
lib="$(dirname "$(find "$PWD/root" -name 'libpcap.so.0.8')")"

cat >try.py <<'PY'
import struct, sys

if sys.argv[1] == "make":
    # An IPv4 packet with an empty TCP segment, from 192.0.2.1:40000 to 192.0.2.2:1863.
    raw = bytes.fromhex("45000028000100004006f6cbc0000201c0000202")
    raw += struct.pack(">HHIIBBHHH", 40000, 1863, 1, 1, 0x50, 0x10, 8192, 0, 0)
    ethernet = bytes.fromhex("0200000000020200000000010800") + raw + bytes(6)
    for name, link, frame in ("raw", 101, raw), ("ethernet", 1, ethernet):
        with open(name + ".pcap", "wb") as f:
            f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link))
            f.write(struct.pack("<4I", 1, 0, len(frame), len(frame)) + frame)
else:
    data = open(sys.argv[2] + ".out.pcap", "rb").read()[40:]
    start = data.index(b"\x45")
    print(sys.argv[2], "port", struct.unpack_from(">H", data, start + 22)[0])
PY
python3 try.py make
{
  LD_LIBRARY_PATH="$lib" root/usr/bin/tcprewrite --version 2>&1 | grep -o 'tcprewrite version: [0-9.]*'
  for name in ethernet raw; do
    LD_LIBRARY_PATH="$lib" root/usr/bin/tcprewrite --portmap=1863:2000 --infile="$name.pcap" --outfile="$name.out.pcap"
    python3 try.py show "$name"
  done
} | tee out
diff out - <<'WANT'
tcprewrite version: 4.4.3
ethernet port 2000
raw port 1863
WANT
