// SPDX-License-Identifier: MIT
// A process that records until it is killed; prints the names of its instances. For the test of kill -9.

import { appendFileSync } from 'node:fs';
import { chooseClock } from '@lockstep/clock';
import { startKernelRecording } from '../kernel-recording.ts';
import { findTracefs } from '../tracefs.ts';

const [directory = ''] = process.argv.slice(2);
const recording = await startKernelRecording({
  name: 'to-kill',
  outputDirectory: `${directory}/kernel`,
  stateDirectory: `${directory}/.lockstep`,
  clock: chooseClock('mono'),
  channels: [
    { name: 'system', id: 0, rules: ['sched:sched_switch', 'syscall:getppid'], pids: 'all', bufferSizeKb: 1024 },
  ],
});
// A probe of its own, where the kernel has such: nothing of it may stay either.
try {
  appendFileSync(`${findTracefs() ?? ''}/uprobe_events`, `p:${recording.probeGroup}/main ${process.execPath}:0x1000\n`);
} catch {
  // Then there is none to be left behind.
}
process.stdout.write(`${recording.instanceNames.join(' ')}\n`);
setInterval(() => {}, 1000);
