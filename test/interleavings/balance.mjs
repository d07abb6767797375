// SPDX-License-Identifier: MIT
// What must hold of what came out of a ring buffer: no record torn, duplicated, reordered within its
// writer, invented, or lost without being counted. Ids are the writer's number × 100 + the record's.

import { Violation } from './model-memory.mjs';

/** Packets of one snapshot, oldest first. */
export function checkSnapshot(packets, isHoleAllowed) {
  packets.forEach(({ sequence }, index) => {
    const before = packets[index - 1]?.sequence;
    if (before !== undefined && (isHoleAllowed ? sequence <= before : sequence !== before + 1))
      throw new Violation(`a hole before packet ${sequence} of a snapshot`);
  });
  checkOrder(packets);
}

/** Of each writer, the records in their order and once. */
function checkOrder(packets) {
  const last = new Map();
  for (const id of packets.flatMap(({ ids }) => ids)) {
    const writer = Math.floor(id / 100);
    const before = last.get(writer) ?? -1;
    if (id < before) throw new Violation(`reordered: record ${id} after ${before}`);
    if (id === before) throw new Violation(`duplicated: record ${id}`);
    last.set(writer, id);
  }
}

/**
 * `consumed` has all packets in the order in which readers got them, `committed` {id, sequence} of each
 * record; who died with packet `deadHeld` in its hands may have read it, and its heir gets it again.
 */
export function balance(accounts) {
  const { consumed, committed, attemptCount, interruptedCount, deadHeld, discarded } = accounts;
  const packets = new Map();
  for (const packet of consumed) {
    const earlier = packets.get(packet.sequence);
    if (earlier !== undefined && (packet.sequence !== deadHeld || packet.hash !== earlier.hash))
      throw new Violation(`duplicated: packet ${packet.sequence}`);
    if (earlier === undefined) packets.set(packet.sequence, packet);
  }
  const distinct = [...packets.values()];
  checkOrder(distinct);
  const left = groupBySequence(committed);
  for (const { sequence, ids } of distinct) {
    const expected = left.get(sequence) ?? [];
    if (ids.join() !== expected.join())
      throw new Violation(`lost or invented: packet ${sequence} has ${ids.join()} instead of ${expected.join()}`);
    left.delete(sequence);
  }
  for (const [sequence, ids] of left) {
    if (!accounts.wasOverwritten(sequence))
      throw new Violation(`lost: records ${ids.join()} of packet ${sequence} are in no packet`);
  }
  if (accounts.mode === 'overwrite' && accounts.writerCount === 1 && discarded > 0)
    throw new Violation(`stuck: ${discarded} records are discarded although the oldest must give way`);
  const uncounted = attemptCount - committed.length - discarded;
  // Of a record whose writer died in it, committed or not, both are right.
  if (uncounted < 0 || uncounted > interruptedCount)
    throw new Violation(`lost without being counted: ${uncounted} records`);
  if (distinct.some((packet) => packet.discarded > discarded))
    throw new Violation('a packet counts more losses than there were');
}

function groupBySequence(committed) {
  const groups = new Map();
  for (const { id, sequence } of committed) groups.set(sequence, [...(groups.get(sequence) ?? []), id]);
  return groups;
}
