// SPDX-License-Identifier: MIT
// What the consumer pays for a record: walking packets against copying them only, alternating over the
// same bytes. The walk is the price of a trace that a hostile program cannot make unreadable.

import { cpus, release } from 'node:os';
import {
  PROGRAM_PACKET_HEADER_SIZE_BYTES,
  structure,
  unsignedInteger,
  floatingPoint,
  nullTerminatedString,
} from '@lockstep/ctf/write';
import { compilePayloadSizes } from '../src/consumer/payload-sizes.ts';
import { walkRecords } from '../src/consumer/record-walk.ts';

const PACKET_SIZE_BYTES = 256 * 1024;
const ROUND_COUNT = 15;
const PACKETS_A_ROUND = 40;

const cases = {
  'int32 + float64': { payload: structure({ id: unsignedInteger(32), total: floatingPoint(64) }), sizeBytes: 16 },
  'int32 + 16-character string': {
    payload: structure({ id: unsignedInteger(32), sku: nullTerminatedString() }),
    sizeBytes: 21,
  },
} as const;

console.log(
  `node ${process.versions.node}, Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}; ${ROUND_COUNT} rounds`,
);
console.log('                               ns a record: copy     copy + walk     walk / copy (median of rounds)');
for (const [name, { payload, sizeBytes }] of Object.entries(cases)) {
  const packet = new Uint8Array(PACKET_SIZE_BYTES);
  const recordCount = fill(packet, sizeBytes);
  const target = new Uint8Array(PACKET_SIZE_BYTES);
  const classes = new Map([[1, compilePayloadSizes(payload)]]);
  const copy: number[] = [];
  const walk: number[] = [];
  for (let round = -3; round < ROUND_COUNT; round++) {
    const copyNs = timeOf(() => target.set(packet)) / recordCount;
    const walkNs =
      timeOf(() => {
        target.set(packet);
        if (walkRecords(target, PACKET_SIZE_BYTES, classes, 0n, 0xffff_ffffn).recordCount < recordCount)
          throw new Error('the walk ended early');
      }) / recordCount;
    if (round < 0) continue;
    copy.push(copyNs);
    walk.push(walkNs);
  }
  const ratio = median(walk.map((ns, round) => ns / (copy[round] ?? 1)));
  console.log(
    `${name.padEnd(40)} ${median(copy).toFixed(1).padStart(7)} ${median(walk).toFixed(1).padStart(15)} ${ratio.toFixed(1).padStart(15)}`,
  );
}

/** Records back to back; returns how many. */
function fill(packet: Uint8Array, payloadSizeBytes: number): number {
  const view = new DataView(packet.buffer);
  const stride = Math.ceil((8 + payloadSizeBytes) / 8) * 8;
  let count = 0;
  for (let begin = PROGRAM_PACKET_HEADER_SIZE_BYTES; begin + stride <= packet.length; begin += stride) {
    view.setUint16(begin, 1, true);
    view.setUint32(begin + 4, count++, true);
    // The string of the second case: 16 characters behind the integer.
    if (payloadSizeBytes === 21) packet.fill(0x61, begin + 12, begin + 28);
  }
  return count;
}

function timeOf(work: () => void): number {
  const begin = process.hrtime.bigint();
  for (let index = 0; index < PACKETS_A_ROUND; index++) work();
  return Number(process.hrtime.bigint() - begin) / PACKETS_A_ROUND;
}

function median(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;
}
