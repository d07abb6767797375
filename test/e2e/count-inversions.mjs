// SPDX-License-Identifier: MIT
// Reads a recording of test/programs/one-clock.mjs: how often what happened in order is not in order.

import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';

/** Walks the merged records of the one thread that made proof:* records. */
export function countInversions(directory) {
  const traceSet = openTraceDirectory(directory);
  const found = { turns: 0, inversions: 0, missing: 0, discarded: 0 };
  let tid = 0;
  let turn = -1;
  // Clock readings of before, entry and exit in the turn that is open.
  let steps = [];
  try {
    for (const record of readEventRecords(traceSet)) {
      if ('type' in record) {
        found.discarded += Number(record.count ?? 1n);
        continue;
      }
      const { name } = record.eventRecordClass;
      if (name === 'proof:before') {
        if (steps.length !== 0) found.inversions++;
        tid = record.packet.context.tid;
        turn = record.payload.turn;
        steps = [record.clockSnapshot];
      } else if (name === 'proof:after') {
        const [before, entry, exit] = steps;
        // A call that is not between its two tracepoints was recorded elsewhere or not at all.
        if (steps.length !== 3) found.missing++;
        else if (!(before < entry && entry < exit && exit < record.clockSnapshot)) found.inversions++;
        if (record.payload.turn !== turn) found.inversions++;
        found.turns++;
        steps = [];
      } else if (record.commonContext?.tid === tid) {
        if (name === 'syscall_entry_read' && Number(record.payload.count) === 1001 + 2 * (turn % 1000)) {
          if (steps.length === 1) steps.push(record.clockSnapshot);
          else found.inversions++;
        } else if (name === 'syscall_exit_read' && steps.length === 2) steps.push(record.clockSnapshot);
      }
    }
  } finally {
    traceSet.close();
  }
  return found;
}
