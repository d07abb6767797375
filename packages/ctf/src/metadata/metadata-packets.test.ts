// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CtfError, encodeUtf8 } from '@lockstep/base';
import { decodeMetadata, isPacketizedMetadata, unpacketizeMetadata } from './metadata-packets.ts';

const TEXT = '/* CTF 1.8 */\ntrace { major = 1; minor = 8; byte_order = le; };\nenv { a = "é"; };\n';

/** Packets of at most `contentSize` bytes of text, each with `padding` bytes behind it. */
function packetize(text: string, contentSize: number, padding: number, isLittleEndian: boolean): Uint8Array {
  const source = encodeUtf8(text);
  const packets: number[] = [];
  for (let at = 0; at < source.length; at += contentSize) {
    const part = source.subarray(at, at + contentSize);
    const packet = new Uint8Array(37 + part.length + padding);
    const view = new DataView(packet.buffer);
    view.setUint32(0, 0x75d11d57, isLittleEndian);
    packet.fill(7, 4, 20);
    view.setUint32(24, (37 + part.length) * 8, isLittleEndian);
    view.setUint32(28, packet.length * 8, isLittleEndian);
    packet.set([0, 0, 0, 1, 8], 32);
    packet.set(part, 37);
    packets.push(...packet);
  }
  return Uint8Array.from(packets);
}

test('text is joined from packets of any size, in both byte orders', () => {
  for (const isLittleEndian of [true, false]) {
    for (const contentSize of [1, 7, 100, 4096]) {
      const bytes = packetize(TEXT, contentSize, 3, isLittleEndian);
      assert.ok(isPacketizedMetadata(bytes));
      assert.equal(unpacketizeMetadata(bytes), TEXT);
    }
  }
});

test('packets of another byte order than the trace are refused', () => {
  assert.equal(decodeMetadata(packetize(TEXT, 50, 0, true)).environment.get('a'), 'é');
  assert.throws(() => decodeMetadata(packetize(TEXT, 50, 0, false)), /another byte order/);
});

test('packets are refused at every truncation within them', () => {
  const bytes = packetize(TEXT, 1000, 5, true);
  for (let size = 0; size < bytes.length; size++)
    assert.throws(() => unpacketizeMetadata(bytes.subarray(0, size)), CtfError);
});

test('a packet that lies about itself is refused', () => {
  const lies: readonly (readonly [offset: number, byte: number, sentence: RegExp])[] = [
    [0, 1, /neither text of CTF/],
    [32, 2, /compressed or encrypted/],
    [33, 1, /compressed or encrypted/],
    [34, 1, /checksum/],
    [35, 0, /version 0\.8/],
    [36, 7, /version 1\.7/],
    [24, 1, /whole bytes/],
    [27, 0x7f, /impossible sizes/],
    [31, 0x7f, /impossible sizes/],
  ];
  for (const [offset, byte, sentence] of lies) {
    const bytes = packetize(TEXT, 1000, 0, true);
    bytes[offset] = byte;
    assert.throws(() => unpacketizeMetadata(bytes), sentence, `byte ${offset}`);
  }
  const second = packetize(TEXT, 50, 0, true);
  second[37 + 50 + 4] = 8;
  assert.throws(() => unpacketizeMetadata(second), /different uuids/);
});
