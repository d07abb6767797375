// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CtfError } from '@lockstep/base';
import { decodeIndex, encodeIndexEntry, encodeIndexHeader, type IndexEntry } from './data-stream-index.ts';

const ENTRY: IndexEntry = {
  offsetBytes: 4096n,
  packetSizeBits: 32768n,
  contentSizeBits: 800n,
  timestampBegin: 1n,
  timestampEnd: 0xffff_ffff_ffff_ffffn,
  discardedEventRecordCount: 3n,
  streamId: 1n,
  streamInstanceId: 2n,
  sequenceNumber: 9n,
};

test('an index is 16 bytes of header and 72 of each entry, big-endian', () => {
  assert.deepEqual([...encodeIndexHeader()], [0xc1, 0xf1, 0xdc, 0xc1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 72]);
  const entry = encodeIndexEntry(ENTRY);
  assert.equal(entry.length, 72);
  assert.deepEqual([...entry.subarray(0, 8)], [0, 0, 0, 0, 0, 0, 0x10, 0]);
});

test('decodes what it encodes, and leaves out a last entry that is cut off', () => {
  const bytes = new Uint8Array(16 + 72 + 72 + 71);
  bytes.set(encodeIndexHeader());
  encodeIndexEntry(ENTRY, bytes, 16);
  encodeIndexEntry({ ...ENTRY, offsetBytes: 8192n }, bytes, 88);
  assert.deepEqual(decodeIndex(bytes, 'x.idx'), [ENTRY, { ...ENTRY, offsetBytes: 8192n }]);
});

test('refuses an index on all truncations of its header, another version and impossible entries', () => {
  const header = encodeIndexHeader();
  for (let size = 0; size < header.length; size++)
    assert.throws(() => decodeIndex(header.subarray(0, size), 'x'), CtfError);
  for (const at of [0, 7, 15])
    assert.throws(
      () =>
        decodeIndex(
          header.map((byte, index) => (index === at ? 3 : byte)),
          'x',
        ),
      CtfError,
    );
});
