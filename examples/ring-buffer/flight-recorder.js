// SPDX-License-Identifier: MIT
// A crash-safe flight recorder: a program writes down what it does into a file that it maps, the
// newest over the oldest. It is killed in the middle; what it did last is all there.
//   node examples/ring-buffer/flight-recorder.js
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChannel, openChannel } from '@lockstep/ring-buffer';

const STEP_COUNT = 10_000;

function runProgram(handle) {
  const writer = openChannel(handle).tryAttach();
  const encoder = new TextEncoder();
  for (let step = 1; step <= STEP_COUNT; step += 1) writer.write(encoder.encode(`step ${step}`));
  writer.begin(8); // In the middle of a record:
  process.kill(process.pid, 'SIGKILL');
}

async function main() {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-flight-recorder-'));
  try {
    const channel = createChannel({
      allocation: 'per-thread',
      writers: 'one',
      bufferCount: 1,
      mode: 'overwrite',
      // On /dev/shm a store costs no disk; the file outlives its program either way.
      backing: { type: 'file', directory, name: 'flight' },
      wakeUp: 'none',
      isCrashConsistent: true,
      timestampBits: 64,
      subBufferSizeBytes: 4096,
      subBufferCount: 4,
    });
    const program = fork(new URL(import.meta.url), ['program', JSON.stringify(channel.handle)]);
    const signal = await new Promise((resolve) => program.once('exit', (_, name) => resolve(name)));
    console.log(`the program was ended by ${signal}`);

    // Any process can do this, also when every other one is dead.
    const decoder = new TextDecoder();
    const last = Array.from(openChannel(channel.handle).openReader().records(), ({ payload }) =>
      decoder.decode(payload),
    );
    console.log(`${last.length > 100 ? 'more than 100' : last.length} records are left, the newest: ${last.at(-1)}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (process.argv[2] === 'program') runProgram(JSON.parse(process.argv[3]));
else await main();
