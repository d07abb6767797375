// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  PACKET_CONTENT_SIZE_OFFSET,
  PACKET_EVENTS_DISCARDED_OFFSET,
  PROGRAM_PACKET_HEADER_SIZE_BYTES,
  readDiscardedByCause,
} from '@lockstep/ctf/write';
import {
  COMMITTED_WORD,
  createRing,
  DISCARDED_WRAPPED_WORD,
  openRingReader,
  ringSizeBytes,
  tryAttachWriter,
  type RingGeometry,
} from '@lockstep/ring-buffer';
import { makePacketClient, PACKET_HEADER_BYTES } from './packet-client.ts';
import { makeRingViews } from './record-target.ts';

const GEOMETRY: RingGeometry = { mode: 'discard', subBufferSizeBytes: 4096, subBufferCount: 2 };

test('a packet has the head that its classes describe, and tells what was lost so far, by cause', () => {
  assert.equal(PACKET_HEADER_BYTES, PROGRAM_PACKET_HEADER_SIZE_BYTES);
  const memory = new SharedArrayBuffer(ringSizeBytes(GEOMETRY));
  createRing(memory, GEOMETRY, { channelId: 1, bufferNumber: 2 });
  const views = makeRingViews(memory);
  const identity = { traceUuid: new Uint8Array(16), channelId: 1, bufferNumber: 2, vpid: 3, vtid: 4 };
  const clock = { slot: new Int32Array(16), read: () => {}, readWithCpu: () => {} };
  const client = makePacketClient(views, clock, { ...identity, subBufferSizeBytes: 4096 }, { onDeliver: () => {} });
  const writer = tryAttachWriter(memory, { pid: 3, tid: 4 }, client);
  assert(writer !== undefined);
  const recordBytes = 4096 - PACKET_HEADER_BYTES;
  const record = (): boolean => {
    const begin = writer.reserveSlow(recordBytes);
    if (begin >= 0) views.words[COMMITTED_WORD] = begin + recordBytes;
    return begin >= 0;
  };
  assert.deepEqual([record(), record(), record(), record()], [true, true, false, false]);
  assert.equal(writer.reserveSlow(recordBytes + 8), -1);
  views.words[DISCARDED_WRAPPED_WORD] = 7;
  const reader = openRingReader(memory);
  assert.deepEqual(readDiscardedByCause(reader.getNextSubBuffer()!.bytes), { full: 0n, wrapped: 0n, tooBig: 0n });
  reader.putNextSubBuffer();
  writer.flush();
  const { bytes } = reader.getNextSubBuffer()!;
  assert.deepEqual(readDiscardedByCause(bytes), { full: 2n, wrapped: 7n, tooBig: 1n });
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  assert.equal(view.getBigUint64(PACKET_EVENTS_DISCARDED_OFFSET, true), 10n);
  assert.equal(view.getBigUint64(PACKET_CONTENT_SIZE_OFFSET, true), 4096n * 8n);
});
