#!/usr/bin/env bash
# msgsnarf (dsniff 2.4b1) shows MSN messages under the wrong names where two users have one address.
#
# Guess before running: each message under the name of the user who wrote it, as with two addresses,
# since both log on in the capture, and each connection to a switchboard begins with its user's handle.
# Seen: with two addresses alice's own message is "alice > (null)", for no receiver is known yet, and
# all else is right. Behind one address (a NAT, or two clients on one machine) what alice wrote is
# "bob > alice", and what bob wrote reaches alice as "bob > bob": the last logon from an address
# counts for every connection from it. So no evidence about who said what comes from this tool.
set -euo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq dsniff=2.4b1+debian-31 libnids1.21=1.26-2 libnet1=1.1.6+dfsg-3.2 \
  libpcap0.8=1.10.3-1 libglib2.0-0
for package in *.deb; do dpkg -x "$package" root; done
lib="$(find "$PWD/root" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd :)"

cat >make.py <<'PY'
import struct

def checksum(data):
    total = sum(struct.unpack("!%dH" % ((len(data) + 1) // 2), data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)

def frame(source, target, sequence, acknowledged, flags, data):
    (a, sp), (b, dp) = source, target
    a, b = (bytes(map(int, x.split("."))) for x in (a, b))
    tcp = struct.pack("!HHIIBBHHH", sp, dp, sequence, acknowledged, 0x50, flags, 65535, 0, 0)
    sum_ = checksum(a + b + struct.pack("!HH", 6, 20 + len(data)) + tcp + data)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0, a, b)
    ip = ip[:10] + checksum(ip) + ip[12:]
    return bytes.fromhex("0200000000020200000000010800") + ip + tcp[:16] + sum_ + tcp[18:] + data

class Connection:
    def __init__(self, frames, client, server):
        self.frames, self.ends, self.next = frames, (client, (server, 1863)), [1000, 5000]
        self.send(0, b"", 2)
        self.send(1, b"", 18)
        self.send(0, b"", 16)
    def send(self, side, data, flags=24):
        self.frames.append(frame(self.ends[side], self.ends[1 - side], self.next[side],
                                 self.next[1 - side] if flags & 16 else 0, flags, data))
        self.next[side] += len(data) + (flags & 2) // 2
    def client(self, text):
        self.send(0, text.encode())
    def server(self, text):
        self.send(1, text.encode())

def message(head, text):
    body = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n" + text
    return "%s %d\r\n%s" % (head, len(body), body)

def talk(name, alice, bob):
    frames = []
    for (handle, friendly), address in ((("alice@example.com", "Alice"), alice), (("bob@example.com", "Bob"), bob)):
        c = Connection(frames, (address, 1200 + 10 * len(frames)), "198.51.100.1")
        c.client("VER 0 MSNP2\r\n")
        c.server("VER 0 MSNP2\r\n")
        c.client("USR 1 MD5 I %s\r\n" % handle)
        c.server("USR 1 MD5 S 1013928519.693957190\r\n")
        c.client("USR 2 MD5 S 23e54a439a6a17d15025f4c6cbd0f6b5\r\n")
        c.server("USR 2 OK %s %s\r\n" % (handle, friendly))
    a = Connection(frames, (alice, 3001), "198.51.100.2")
    a.client("USR 1 alice@example.com 17262740.1050826919.32308\r\n")
    a.server("USR 1 OK alice@example.com Alice\r\n")
    a.client("CAL 2 bob@example.com\r\n")
    a.server("CAL 2 RINGING 11752013\r\n")
    b = Connection(frames, (bob, 3002), "198.51.100.2")
    b.client("ANS 1 bob@example.com 849102291.520491113 11752013\r\n")
    b.server("IRO 1 1 1 alice@example.com Alice\r\n")
    b.server("ANS 1 OK\r\n")
    a.server("JOI bob@example.com Bob\r\n")
    a.client(message("MSG 3 N", "I am Alice"))
    b.server(message("MSG alice@example.com Alice", "I am Alice"))
    b.client(message("MSG 2 N", "I am Bob"))
    a.server(message("MSG bob@example.com Bob", "I am Bob"))
    with open(name, "wb") as f:
        f.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, x in enumerate(frames):
            f.write(struct.pack("<IIII", 930000000 + i, 0, len(x), len(x)) + x)

talk("two.pcap", "192.0.2.10", "192.0.2.20")
talk("one.pcap", "192.0.2.10", "192.0.2.10")
PY
python3 make.py
for name in two one; do
  echo "$name"
  # The time in front is that of reading, whatever the capture says.
  LD_LIBRARY_PATH="$lib" root/usr/sbin/msgsnarf -p "$name.pcap" 2>/dev/null | sed 's/.* MSN //'
done | tee out
diff out - <<'WANT'
two
alice@example.com > (null): I am Alice
alice@example.com > bob@example.com: I am Alice
bob@example.com > alice@example.com: I am Bob
bob@example.com > alice@example.com: I am Bob
one
bob@example.com > alice@example.com: I am Alice
alice@example.com > bob@example.com: I am Alice
bob@example.com > alice@example.com: I am Bob
bob@example.com > bob@example.com: I am Bob
WANT
