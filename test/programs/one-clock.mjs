// SPDX-License-Identifier: MIT
// Brackets a system call between two tracepoints, again and again. The length that is read names the
// turn, so that a reader finds the call of each turn: 1001 + 2 * (turn % 1000), odd and never Node's own.

import { closeSync, openSync, readSync } from 'node:fs';
import { int32, tracepoint } from '@lockstep/tracer';

const turns = Number(process.argv[2] ?? 1000);
const before = tracepoint('proof:before', { turn: int32 });
const after = tracepoint('proof:after', { turn: int32 });
const buffer = Buffer.alloc(4096);
const zero = openSync('/dev/zero', 'r');
/** A loaded machine gives the consumer its turn: nothing of the order hangs on it, and no record is lost. */
const TURNS_WITHOUT_PAUSE = 2000;
const pause = new Int32Array(new SharedArrayBuffer(4));
for (let turn = 0; turn < turns; turn++) {
  const length = 1001 + 2 * (turn % 1000);
  before(turn);
  readSync(zero, buffer, 0, length, null);
  after(turn);
  if (turn % TURNS_WITHOUT_PAUSE === 0) Atomics.wait(pause, 0, 0, 1);
}
closeSync(zero);
