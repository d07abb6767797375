// SPDX-License-Identifier: MIT
// Records test/programs/nmi-clock.mjs and the kernel's NMI handlers, and prints as one line of JSON how
// many records NMIs made, and how many of them are not between the tracepoints around their cause or
// behind the record before them on their CPU. Arguments: turns, a clock.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';

const [turns = '20', clock = 'mono'] = process.argv.slice(2);
const root = fileURLToPath(new URL('../..', import.meta.url));
const parent = mkdtempSync(join(tmpdir(), 'lockstep-nmi-'));
const directory = join(parent, 'trace');
const rules = ['-k', 'nmi_handler', '-k', 'sched_*', '-k', 'irq_*', '-k', 'timer_*', '-u', 'proof:*', '--no-sampler'];
const { status, stderr } = spawnSync(
  process.execPath,
  [
    join(root, 'packages/cli/bin/lockstep.js'),
    'record',
    '-q',
    '-o',
    directory,
    '--clock',
    clock,
    ...rules,
    '--',
  ].concat([process.execPath, join(root, 'test/programs/nmi-clock.mjs'), turns]),
  { encoding: 'utf8' },
);
if (status !== 0) {
  console.log(JSON.stringify({ status, stderr }));
  process.exit(1);
}
const found = { clock, turns: 0, nmis: 0, outside: 0, backward: 0 };
const lastOfStream = new Map();
let isOpen = false;
const traceSet = openTraceDirectory(directory);
for (const record of readEventRecords(traceSet)) {
  if ('type' in record) continue;
  const { name } = record.eventRecordClass;
  const stream = `${name.startsWith('proof:')} ${Number(record.packet.context.cpu_id)}`;
  if (record.clockSnapshot < (lastOfStream.get(stream) ?? 0n)) found.backward++;
  lastOfStream.set(stream, record.clockSnapshot);
  if (name === 'proof:before') isOpen = true;
  else if (name === 'proof:after') {
    isOpen = false;
    found.turns++;
  } else if (name === 'nmi_handler') {
    found.nmis++;
    if (!isOpen) found.outside++;
  }
}
traceSet.close();
rmSync(parent, { recursive: true, force: true });
console.log(JSON.stringify(found));
