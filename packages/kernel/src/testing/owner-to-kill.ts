// SPDX-License-Identifier: MIT
// A process that records until it is killed; prints the paths of its instances. For the test of kill -9.

import { chooseClock } from '@lockstep/clock';
import { startKernelRecording } from '../kernel-recording.ts';

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
process.stdout.write(`${recording.instanceNames.join(' ')}\n`);
setInterval(() => {}, 1000);
