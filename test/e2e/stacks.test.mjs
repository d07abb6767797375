// SPDX-License-Identifier: MIT
// Stacks that the kernel recorded, with names: of the kernel, of ELF files, of JavaScript.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../packages/cli/bin/lockstep.js', import.meta.url));

test('stacks of timer interrupts in a Node program name its functions, those of system calls the kernel and libc', (t) => {
  if (process.getuid?.() !== 0) return t.skip('the kernel half needs root');
  for (const event of ['irq_vectors/local_timer_entry', 'syscalls/sys_enter_getppid'])
    if (!existsSync(`/sys/kernel/tracing/events/${event}`))
      return t.skip(`this kernel shows no ${event} under /sys/kernel/tracing`);
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-stacks-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const program = join(directory, 'busy.js');
  // Interpreted functions have frames of their own names only with this option of V8.
  writeFileSync(
    program,
    `function addUpSquareRoots(count) { let sum = 0; for (let i = 0; i < count; i++) sum += Math.sqrt(i); return sum; }
     let total = 0;
     for (const end = Date.now() + 400; Date.now() < end;) { total += addUpSquareRoots(200000); process.ppid; }
     if (total < 0) console.log(total);`,
  );
  const trace = join(directory, 'trace');
  const rules = ['-k', 'local_timer_entry', '-k', 'syscall:getppid', '-t', 'procname,callstack-kernel,callstack-user'];
  const recorded = spawnSync(
    process.execPath,
    [
      bin,
      'record',
      '-q',
      '-o',
      trace,
      ...rules,
      '--track',
      'name=node',
      '--',
      process.execPath,
      '--perf-basic-prof',
      '--interpreted-frames-native-stack',
      program,
    ],
    // V8 leaves a log of its own where it runs.
    { encoding: 'utf8', cwd: directory },
  );
  assert.equal(recorded.status, 0, recorded.stderr);
  const { stdout, stderr, status } = spawnSync(process.execPath, [bin, 'stacks', '--json', trace], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  assert.equal(status, 0, stderr);
  const stacks = JSON.parse(stdout);
  const hasFrame = (event, pattern) =>
    stacks.some((stack) => stack.event === event && stack.frames.some((frame) => pattern.test(frame)));
  assert.ok(hasFrame('x86_irq_vectors_local_timer_entry', /addUpSquareRoots .*busy\.js:1/));
  assert.ok(hasFrame('syscall_entry_getppid', /^do_syscall_64\+0x/));
  assert.ok(hasFrame('syscall_entry_getppid', /\((?:libc\.so\.6|node)\)$/));
  const lines = spawnSync(process.execPath, [bin, 'stacks', '--collapsed', trace], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n');
  for (const line of lines) assert.match(line, /^node;.*;\w+ \d+$/);
});
