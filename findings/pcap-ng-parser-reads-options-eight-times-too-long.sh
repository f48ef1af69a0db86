#!/usr/bin/env bash
# pcap-ng-parser 1.0.0 (npm) takes an option of a pcapng block for eight times as long as it is.
#
# Guess before running: both packets of each file, at worst with wrong times where the interface
# counts nanoseconds.
# Seen: it also takes the length at the end of a block for an option, and then reads on, so that an
# interface without options raises "out of range" from the stream, and one with the resolution of
# its times as well: no packet comes. It reads the packets only where an option is so long that
# eight times its length leads out of the block, as the name eth0 does; the resolution after it is
# then lost in the name. So the files that dumpcap captures are read, and those that editcap and
# mergecap make of a plain pcap are not.
set -euo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund pcap-ng-parser@1.0.0 >/dev/null

cat >try.js <<'JS'
const { Readable } = require("stream");
const Parser = require("pcap-ng-parser");

function block(kind, body) {
  const ends = Buffer.alloc(8);
  ends.writeUInt32LE(kind, 0);
  ends.writeUInt32LE(12 + body.length, 4);
  return Buffer.concat([ends, body, ends.subarray(4)]);
}
const section = block(0x0a0d0d0a, Buffer.from("4d3c2b1a01000000ffffffffffffffff", "hex"));
const ethernet = Buffer.from("0100000000000400", "hex");
const nanoseconds = Buffer.from("090001000900000000000000", "hex");
const packet = block(6, Buffer.concat([
  Buffer.from("0000000000000000" + "00000000" + "3c0000003c000000", "hex"), Buffer.alloc(60)]));

function read(name, options) {
  const parser = new Parser();
  let packets = 0;
  parser.on("interface", (i) => console.log(`${name}: ${JSON.stringify(i)}`));
  parser.on("data", () => packets++);
  try {
    parser.write(Buffer.concat([section, block(1, Buffer.concat([ethernet, options])), packet, packet]));
  } catch (e) {
    console.log(`${name}: ${e.code}`);
  }
  setImmediate(() => console.log(`${name}: ${packets} packets`));
}
const called = Buffer.from("02000400" + "65746830", "hex");
read("no options", Buffer.alloc(0));
read("nanoseconds", nanoseconds);
read("eth0, nanoseconds", Buffer.concat([called, nanoseconds]));
JS
{
  echo "pcap-ng-parser $(node -p 'require("pcap-ng-parser/package.json").version')"
  node try.js
} | tee out
diff out - <<'WANT'
pcap-ng-parser 1.0.0
no options: ERR_OUT_OF_RANGE
nanoseconds: ERR_OUT_OF_RANGE
eth0, nanoseconds: {"linkType":1,"snapLen":262144,"name":"eth0\t\u0001\t("}
no options: 0 packets
nanoseconds: 0 packets
eth0, nanoseconds: 2 packets
WANT
