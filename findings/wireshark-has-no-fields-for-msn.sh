#!/usr/bin/env bash
# The MSN Messenger dissector of Wireshark 4.0.17 has no field: no verb, no TrID, no length; and it knows
# no framing, so the command after a message is part of a line of text.
#
# Guess before running: `tshark -G fields` lists msnms.command or the like, and the two commands of one
# segment, `MSG 1 U 2` with the body "hi" and `OUT`, are shown apart.
# Seen: the protocol has no field at all, so filters can only use `msnms` and `frame contains`; the
# lines are cut at line feeds wherever they are, and "hiOUT" is one line.
set -euo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
version=4.0.17-0+deb12u3
apt-get download -qq {tshark,libwireshark16,libwireshark-data,libwiretap13,libwsutil14}="$version" \
  libbrotli1 libc-ares2 libcap2 libcom-err2 libdbus-1-3 libffi8 libgcrypt20 libglib2.0-0 libgmp10 libgnutls30 \
  libgpg-error0 libhogweed6 libicu72 libidn2-0 libk5crypto3 libkeyutils1 libkrb5-3 libkrb5support0 liblua5.2-0 \
  liblz4-1 liblzma5 libnettle8 libnghttp2-14 libp11-kit0 libpcap0.8 libpcre2-8-0 libsmi2ldbl libsnappy1v5 libsystemd0 \
  libtasn1-6 libunistring2 libxml2 libzstd1 zlib1g
for package in *.deb; do dpkg -x "$package" root; done
lib="$PWD/root/usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH="$lib:$PWD/root/lib/$(uname -m)-linux-gnu" HOME="$PWD" WIRESHARK_DATA_DIR="$PWD/root/usr/share/wireshark"
tshark() { root/usr/bin/tshark "$@" 2>/dev/null; }

cat >make.py <<'PY'
import struct

def checksum(data):
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">H", ~total & 0xFFFF)

body = b"MSG 1 U 2\r\nhiOUT\r\n"
addresses = bytes([192, 0, 2, 1, 192, 0, 2, 2])
tcp = struct.pack(">HHIIBBHHH", 40000, 1863, 1, 1, 0x50, 0x18, 8192, 0, 0) + body
ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + addresses
frame = ip[:10] + checksum(ip) + ip[12:] + tcp
with open("talk.pcap", "wb") as f:
    f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
    f.write(struct.pack("<4I", 1, 0, len(frame), len(frame)) + frame)
PY
python3 make.py
{
  tshark --version | sed -n '1s/ (Git.*//p'
  echo "protocols: $(tshark -G protocols | grep -c $'\tmsnms$')"
  echo "fields: $(tshark -G fields | awk -F '\t' '$1 == "F" && $5 == "msnms"' | wc -l)"
  tshark -r talk.pcap -O msnms | sed -n '/^MSN Messenger/,$p' | grep -v '^$'
} | tee out
diff out - <<'WANT'
TShark (Wireshark) 4.0.17
protocols: 1
fields: 0
MSN Messenger Service
    MSG 1 U 2\r\n
    hiOUT\r\n
WANT
