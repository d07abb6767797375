// SPDX-License-Identifier: MIT
// Every event of this kernel: reading and parsing its format, its class, its conversion plan and its
// metadata (at most 300 ms for 2 305 formats); and starting a session with all of them, beside a bare
// `echo 1 > events/enable` in an instance of its own (at most 200 ms more). A cold start each time, in a process of its own.
//   node packages/kernel/dist/bench/formats.bench.js [rounds, 5]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseClock } from '@lockstep/clock';
import { describeEvents } from '../src/event-description.ts';
import { startKernelRecording } from '../src/kernel-recording.ts';
import { openTracefs, writeTracefs } from '../src/tracefs.ts';
import { TracefsInstance } from '../src/tracefs-instance.ts';

const ALL = ['*', 'syscall:*'];
const [mode = '5'] = process.argv.slice(2);

if (mode === 'describe') {
  const begin = performance.now();
  const description = describeEvents(openTracefs(), [{ name: 'all', id: 0, rules: ALL }]);
  console.log(`${performance.now() - begin} ${description.channels[0]?.events.length ?? 0}`);
} else if (mode === 'start') {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const clock = chooseClock();
  const begin = performance.now();
  const recording = await startKernelRecording({
    name: 'bench',
    outputDirectory: `${directory}/kernel`,
    stateDirectory: `${directory}/.lockstep`,
    clock,
    channels: [{ name: 'all', id: 0, rules: ALL, pids: 'all' }],
  });
  const startMs = performance.now() - begin;
  await recording.stop();
  rmSync(directory, { recursive: true, force: true });
  console.log(`${startMs} 0`);
} else if (mode === 'bare') {
  const instance = new TracefsInstance(openTracefs(), { name: 'bench', clock: 'mono', bufferSizeKb: 1024 });
  await instance.make();
  const begin = performance.now();
  writeTracefs(`${instance.path}/events/enable`, '1');
  console.log(`${performance.now() - begin} 0`);
  instance.stop();
  instance.remove();
} else {
  console.log(`node ${process.version}, Linux ${release()}, ${cpus()[0]?.model ?? 'cpu'} x ${cpus().length}`);
  console.log('round  describe ms  formats  bare enable ms  start ms, kept description  more ms');
  const more: number[] = [];
  const described: number[] = [];
  for (let round = 0; round < Number(mode); round++) {
    const describe = run('describe');
    const bare = run('bare');
    // The first start of a boot describes; the next ones, these, have it in memory.
    if (round === 0) run('start');
    const start = run('start');
    described.push(describe.ms);
    more.push(start.ms - bare.ms);
    const cells = [round, describe.ms.toFixed(0), describe.count, bare.ms.toFixed(0), start.ms.toFixed(0)];
    console.log(
      `${cells.map((cell) => String(cell).padStart(11)).join(' ')} ${(start.ms - bare.ms).toFixed(0).padStart(9)}`,
    );
  }
  console.log(
    `median: describe ${median(described).toFixed(0)} ms (at most 300), start beyond bare ${median(more).toFixed(0)} ms (at most 200)`,
  );
}

function run(what: string): { readonly ms: number; readonly count: number } {
  const { stdout } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), what], { encoding: 'utf8' });
  const [ms = NaN, count = 0] = stdout.trim().split(' ').map(Number);
  return { ms, count };
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;
}
