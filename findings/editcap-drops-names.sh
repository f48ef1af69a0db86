#!/usr/bin/env bash
# editcap of Wireshark 4.0.17 drops the name resolution blocks of a pcapng file that it copies whole.
#
# Guess before running: `editcap a.pcapng b.pcapng` keeps the names, as it keeps the comments of packets:
# nothing was asked but a copy.
# Seen: the comment is in the copy, the record that names 192.0.2.1 is not, and editcap ends with 0.
# What a recording has to keep through other tools must stand on packets.
set -euo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
version=4.0.17-0+deb12u3
apt-get download -qq {wireshark-common,libwiretap13,libwsutil14}="$version" \
  libbrotli1 libffi8 libgcrypt20 libglib2.0-0 libgmp10 libgnutls30 libgpg-error0 libhogweed6 libidn2-0 liblz4-1 \
  libnettle8 libp11-kit0 libpcap0.8 libpcre2-8-0 libtasn1-6 libunistring2 libzstd1 zlib1g libdbus-1-3 libsystemd0 \
  libcap2 liblzma5
for package in *.deb; do dpkg -x "$package" root; done
lib="$PWD/root/usr/lib/$(uname -m)-linux-gnu:$PWD/root/lib/$(uname -m)-linux-gnu"

cat >try.py <<'PY'
import struct, sys

def block(kind, body):
    return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))

def padded(data):
    return data + b"\0" * (-len(data) % 4)

if sys.argv[1] == "make":
    record = bytes([192, 0, 2, 1]) + b"alice.example\0"
    frame = bytes.fromhex("020000000002020000000001") + b"\x88\xb5" + bytes(46)
    comment = b"alice signs in"
    with open("a.pcapng", "wb") as f:
        f.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        f.write(block(1, struct.pack("<HHI", 1, 0, 0)))
        f.write(block(4, struct.pack("<HH", 1, len(record)) + padded(record) + bytes(4)))
        f.write(block(6, struct.pack("<5I", 0, 0, 1, len(frame), len(frame)) + frame
                      + struct.pack("<HH", 1, len(comment)) + padded(comment) + bytes(4)))
else:
    for name in "a.pcapng", "b.pcapng":
        data = open(name, "rb").read()
        print(name, "name", b"alice.example" in data, "comment", b"alice signs in" in data)
PY
python3 try.py make
{
  LD_LIBRARY_PATH="$lib" root/usr/bin/editcap --version 2>/dev/null | sed -n '1s/ (Git.*//p'
  LD_LIBRARY_PATH="$lib" root/usr/bin/editcap a.pcapng b.pcapng 2>/dev/null
  python3 try.py show
} | tee out
diff out - <<'WANT'
Editcap (Wireshark) 4.0.17
a.pcapng name True comment True
b.pcapng name False comment True
WANT
