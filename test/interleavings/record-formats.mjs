// SPDX-License-Identifier: MIT
// How the writers of a scenario record, and how a packet of theirs is parsed: words of a sub-buffer ->
// ids of its records. What is no whole record of the writer's is torn.

import { finish } from './load-shipped.mjs';
import { mix, Violation } from './model-memory.mjs';

/** What each further word of a record holds. */
const checkOf = (id) => mix(id, 77);
const CLASS_ID = 5;
const PACKET_MAGIC = 0xc1fc1fc1 | 0;
const TRACER_RECORD_HEADER_WORDS = 2;

const TRACER_SUB_BUFFER_BYTES = 256;

/** The smallest record of which not one more fits. */
export function tracerRecordBytes({ PACKET_HEADER_BYTES }, { recordsPerSubBuffer }) {
  return 8 + ((((TRACER_SUB_BUFFER_BYTES - PACKET_HEADER_BYTES) / (recordsPerSubBuffer + 1)) | 0) & -8);
}

/** The tracer's generated record function, writing CTF packets. */
export function tracerFormat(shipped, shape) {
  const { ring, makePacketClient, makeRingViews, makeRecordTarget, makeRecordFunction, PACKET_HEADER_BYTES } = shipped;
  const subBufferSizeBytes = TRACER_SUB_BUFFER_BYTES;
  const fieldCount = tracerRecordBytes(shipped, shape) / 4 - TRACER_RECORD_HEADER_WORDS;
  // Of the header: magic number, content size, sequence number, discarded records, the same by cause.
  const looked = new Set([0, 12, 16, 18, 24, 26, 28]);
  const begin = PACKET_HEADER_BYTES / 4;
  const recordWords = TRACER_RECORD_HEADER_WORDS + fieldCount;
  // Where a snapshot copies word by word beside a writer, of a record its header, its id and its last word.
  const isEdge = (at) => [0, TRACER_RECORD_HEADER_WORDS, recordWords - 1].includes((at - begin) % recordWords);
  const fields = Array.from({ length: fieldCount }, (_, index) => ({
    name: `field${index}`,
    shape: { kind: 'integer', bits: 32, isSigned: true },
  }));

  return {
    subBufferSizeBytes,
    headerSizeBytes: PACKET_HEADER_BYTES,
    isLookedAt: (at) => (at >= begin ? shape.isSnapshot !== true || isEdge(at) : looked.has(at)),
    *attach(memory, number) {
      const views = finish(makeRingViews(memory));
      // Stands still: who records when makes no other states.
      const clock = { slot: new Int32Array(3), read() {}, readWithCpu() {} };
      const identity = { traceUuid: new Uint8Array(16), channelId: 0, bufferNumber: 0, vpid: 1, vtid: number };
      const client = finish(makePacketClient(views, clock, { ...identity, subBufferSizeBytes }, { onDeliver() {} }));
      const writer = yield* ring.tryAttachWriter(memory, { pid: 1, tid: number }, client, () => true);
      if (writer === undefined) return undefined;
      const target = finish(makeRecordTarget(views, writer, clock));
      const record = finish(makeRecordFunction(target, 'shop:order', CLASS_ID, fields));
      return { writer, record: (id) => record(id, ...new Array(fieldCount - 1).fill(checkOf(id))) };
    },
    parse(view, sequence, isActive) {
      if (view[0] !== PACKET_MAGIC) throw new Violation(`torn: packet ${sequence} has no header`);
      if (view[16] !== sequence) throw new Violation(`torn: packet ${sequence} says that it is ${view[16]}`);
      if (!isActive && view[12] !== view.length * 32) throw new Violation(`torn: packet ${sequence} has another size`);
      const ids = [];
      for (let at = begin; at < view.length; at += recordWords) {
        const [header, , id, ...checks] = view.subarray(at, at + recordWords);
        const looked = shape.isSnapshot === true ? checks.slice(-1) : checks;
        if ((header & 0xffff) !== CLASS_ID || looked.some((check) => check !== checkOf(id)))
          throw new Violation(`torn: record ${id} of packet ${sequence}`);
        ids.push(id);
      }
      if (!isActive && view[18] !== view[24] + view[26] + view[28])
        throw new Violation(`torn: the causes of packet ${sequence} are not the sum of its losses`);
      return { sequence, ids, discarded: view[18] };
    },
  };
}

/** The client of the library's tests, for several writers in one buffer. */
export function plainFormat(shipped, shape) {
  const { ring, client: testing } = shipped;
  const subBufferSizeBytes = 32;
  const wordCount = shape.recordsPerSubBuffer === 1 ? 4 : 2;
  const begin = testing.HEADER_BYTES / 4;

  return {
    subBufferSizeBytes,
    headerSizeBytes: testing.HEADER_BYTES,
    isLookedAt: () => true,
    *attach(memory, number) {
      const client = finish(testing.makeClient(memory));
      client.onDeliver = () => {};
      const isDead = (owner) => number > shape.writerCount && owner.tid === 1;
      const writer = yield* ring.tryAttachWriter(memory, { pid: 1, tid: number }, client, isDead);
      if (writer === undefined) return undefined;
      return { writer, record: (id) => testing.writeRecord(writer, id, wordCount) };
    },
    parse(view, sequence, isActive) {
      if ((view[0] & 0xffff) !== testing.MARK) throw new Violation(`torn: packet ${sequence} has no header`);
      if (view[1] !== sequence) throw new Violation(`torn: packet ${sequence} says that it is ${view[1]}`);
      if (!isActive && view[3] !== view.length * 4) throw new Violation(`torn: packet ${sequence} has another size`);
      const ids = [];
      for (let at = begin; at < view.length; at += wordCount) {
        const [size, id, ...others] = view.subarray(at, at + wordCount);
        if (size !== wordCount * 4 || others.some((other) => other !== id))
          throw new Violation(`torn: record ${id} of packet ${sequence}`);
        ids.push(id);
      }
      return { sequence, ids, discarded: view[2] };
    },
  };
}
