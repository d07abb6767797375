// SPDX-License-Identifier: MIT
// The addon for the other architectures that have a counter: compiled with Debian's cross compilers, and
// the counter run under qemu's user emulation, where these are there.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const sources = join(root, 'packages/native/src');
const isLong = process.env['LOCKSTEP_TEST_LONG'] === '1';

/** Compiler prefix, emulator, what the counter is called. */
const TARGETS = [
  ['aarch64-linux-gnu', 'qemu-aarch64', 'cntvct'],
  ['riscv64-linux-gnu', 'qemu-riscv64', 'rdtime'],
  ['powerpc64le-linux-gnu', 'qemu-ppc64le', 'timebase'],
] as const;

const COUNTER_PROGRAM = `
#include "counter.h"
#include <stdio.h>
int main(void) {
  uint64_t first = read_counter_fenced(), last = first;
  for (int turn = 0; turn < 1000; turn++) {
    uint64_t next = turn % 2 ? read_counter() : read_counter_fenced();
    if (next < last) return 1;
    last = next;
  }
  printf("%s %d", COUNTER_NAME, last > first);
  return 0;
}
`;

function exists(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

for (const [target, emulator, counter] of TARGETS) {
  const compiler = `${target}-gcc`;
  test(`the addon compiles for ${target}, and its counter counts`, (t) => {
    if (!isLong) return t.skip('LOCKSTEP_TEST_LONG=1 runs it.');
    if (!exists(compiler)) return t.skip(`${compiler} is not installed.`);
    const directory = mkdtempSync(join(tmpdir(), 'lockstep-cross-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const files = readdirSync(sources).filter((name) => name.endsWith('.c'));
    const flags = ['-std=gnu11', '-O2', '-fPIC', '-Wall', '-Wextra', '-Werror', '-pthread'];
    const headers = [`-I${join(root, 'node_modules/node-api-headers/include')}`, `-I${sources}`];
    const paths = files.map((name) => join(sources, name));
    const addon = ['-shared', '-ftls-model=initial-exec', ...paths, '-o', join(directory, 'lockstep.node')];
    const compiled = spawnSync(compiler, [...flags, ...headers, ...addon], { encoding: 'utf8' });
    assert.equal(compiled.status, 0, compiled.stderr);
    if (!exists(emulator)) {
      t.diagnostic(`${emulator} is not installed: the counter is compiled and not run`);
      return undefined;
    }
    const source = join(directory, 'counter.c');
    const program = join(directory, 'counter');
    writeFileSync(source, COUNTER_PROGRAM);
    const linked = spawnSync(compiler, [...flags, ...headers, '-static', source, '-o', program], { encoding: 'utf8' });
    assert.equal(linked.status, 0, linked.stderr);
    const run = spawnSync(emulator, [program], { encoding: 'utf8' });
    assert.equal(`${run.stdout}${run.stderr}`, `${counter} 1`);
    return undefined;
  });
}
