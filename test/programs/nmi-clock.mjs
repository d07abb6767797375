// SPDX-License-Identifier: MIT
// Makes CPUs take NMIs again and again, between two tracepoints: SysRq l asks the others for their
// backtraces by NMI and waits for them. Run as root in a virtual machine; it floods the kernel's log.

import { closeSync, openSync, writeSync } from 'node:fs';
import { int32, tracepoint } from '@lockstep/tracer';

const turns = Number(process.argv[2] ?? 20);
const before = tracepoint('proof:before', { turn: int32 });
const after = tracepoint('proof:after', { turn: int32 });
const trigger = openSync('/proc/sysrq-trigger', 'w');
for (let turn = 0; turn < turns; turn++) {
  before(turn);
  writeSync(trigger, 'l');
  after(turn);
}
closeSync(trigger);
