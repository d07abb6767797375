// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SystemError } from '@lockstep/base';
import { nativeOrSkip, scratchDirectory } from './testing/scratch.ts';

const DOOR = new URL('./index.js', import.meta.url).href;

test('what is stored into a mapping is in the file, and in every other mapping of it', (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const path = join(scratchDirectory(t), 'ring');
  const writer = native.mapFile(path, {
    access: 'read-write',
    createSizeBytes: 10_000,
    fileMode: 0o640,
    populate: true,
  });
  const reader = native.mapFile(path, { access: 'read' });
  Atomics.store(new Int32Array(writer.buffer, 0, 4), 2, 0x01020304);
  new Uint8Array(writer.buffer)[9_999] = 255;
  assert.equal(Atomics.load(new Int32Array(reader.buffer, 0, 4), 2), 0x01020304);
  assert.deepEqual([...readFileSync(path).subarray(8, 12)], [4, 3, 2, 1]);
  assert.equal(readFileSync(path)[9_999], 255);
  assert.equal(writer.sizeBytes, 10_000);
  assert.equal(statSync(path).mode & 0o777, 0o640);
});

test('an unmapped buffer is empty, and unmapping twice does nothing', (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const path = join(scratchDirectory(t), 'ring');
  const mapping = native.mapFile(path, { access: 'read-write', createSizeBytes: 4096 });
  const bytes = new Uint8Array(mapping.buffer);
  mapping.unmap();
  mapping.unmap();
  bytes[0] = 1;
  assert.equal(bytes.length, 0);
  assert.equal(mapping.buffer.byteLength, 0);
  assert.equal(mapping.faultCount, 0);
});

test('many mappings come and go without touching each other', (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const directory = scratchDirectory(t);
  for (let round = 0; round < 20; round++) {
    const mappings = Array.from({ length: 20 }, (_, index) =>
      native.mapFile(join(directory, `${round}-${index}`), {
        access: 'read-write',
        createSizeBytes: 8192,
        sparse: true,
      }),
    );
    mappings.forEach((mapping, index) => new Uint8Array(mapping.buffer).fill(index));
    mappings.filter((_, index) => index % 2 === 0).forEach((mapping) => mapping.unmap());
    mappings.forEach((mapping, index) => {
      if (index % 2 === 1) assert.ok(new Uint8Array(mapping.buffer).every((byte) => byte === index));
    });
  }
});

test('a created file has its blocks at once, a sparse one when they are written', (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const directory = scratchDirectory(t);
  const size = 1024 * 1024;
  native.mapFile(join(directory, 'whole'), { access: 'read-write', createSizeBytes: size });
  native.mapFile(join(directory, 'sparse'), { access: 'read-write', createSizeBytes: size, sparse: true });
  assert.ok(statSync(join(directory, 'whole')).blocks * 512 >= size);
  assert.ok(statSync(join(directory, 'sparse')).blocks * 512 < size);
});

test('what cannot be mapped is refused with the system call, its errno and the path', (t) => {
  const native = nativeOrSkip(t);
  if (native === undefined) return;
  const directory = scratchDirectory(t);
  const path = (name: string): string => join(directory, name);
  writeFileSync(path('file'), 'x');
  writeFileSync(path('empty'), '');
  writeFileSync(path('huge'), '');
  truncateSync(path('huge'), 2 ** 40);
  symlinkSync(path('file'), path('link'));
  mkdirSync(path('directory'));
  spawnSync('mkfifo', [path('fifo')]);
  const read = { access: 'read' } as const;
  const cases: readonly (readonly [() => unknown, string, string])[] = [
    [() => native.mapFile(path('nothing'), read), 'ENOENT', 'open'],
    [() => native.mapFile(path('empty'), read), 'EINVAL', 'fstat'],
    [() => native.mapFile(path('huge'), read), 'EFBIG', 'fstat'],
    [() => native.mapFile(path('link'), read), 'ELOOP', 'open'],
    [() => native.mapFile(path('directory'), read), 'EINVAL', 'fstat'],
    [() => native.mapFile(path('fifo'), read), 'EINVAL', 'fstat'],
    [() => native.mapFile(path('file'), { access: 'read-write', createSizeBytes: 4096 }), 'EEXIST', 'open'],
    [() => native.mapFile('/' + 'x'.repeat(5000), read), 'ENAMETOOLONG', 'open'],
  ];
  for (const [attempt, code, syscall] of cases) {
    assert.throws(
      attempt,
      (error) =>
        error instanceof SystemError && error.code === code && error.syscall === syscall && error.path !== undefined,
      code,
    );
  }
  assert.equal(readFileSync(path('file'), 'utf8'), 'x');
});

test('a mapping ends when its buffer is collected', (t) => {
  if (nativeOrSkip(t) === undefined) return;
  const directory = scratchDirectory(t);
  const source = `
    import { readFileSync } from 'node:fs';
    import { setImmediate as turn } from 'node:timers/promises';
    import { loadNative } from '${DOOR}';
    const count = () => readFileSync('/proc/self/maps', 'utf8').split('${directory}').length - 1;
    const make = () => { for (let i = 0; i < 8; i++) loadNative().mapFile('${directory}/' + i, { access: 'read', createSizeBytes: 4096 }); };
    make();
    const before = count();
    for (let i = 0; i < 20 && count() > 0; i++) { gc(); await turn(); }
    console.log(before, count());`;
  const child = spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', source], { encoding: 'utf8' });
  assert.equal(child.stdout, '8 0\n', child.stderr);
});
