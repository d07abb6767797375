// SPDX-License-Identifier: MIT
// A program that stops itself inside of a record: SESSION COUNT-BEFORE COUNT-AFTER. Ends when it has gone on.

import { loadNative } from '@lockstep/native';
import { channel } from './test-session.ts';
import { TracedProgram } from './traced-program.ts';

const [sessionDirectory = '', before = '', after = ''] = process.argv.slice(2);
const program = new TracedProgram(sessionDirectory);
const buffer = program.openBuffer(channel, 0, loadNative()?.gettid());
buffer.writeMany(Number(before));
buffer.beforeCommit = () => process.kill(process.pid, 'SIGSTOP');
buffer.write(Number(before));
buffer.beforeCommit = () => undefined;
buffer.writeMany(Number(after));
process.stdout.write('went on');
// Whoever waits for the records takes what is committed.
setInterval(() => undefined, 2 ** 30);
