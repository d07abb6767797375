// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { BpfAssembler, link } from './bpf-assembler.ts';

test('instructions are encoded as the specification says, jumps count from the next one', () => {
  const a = new BpfAssembler();
  a.alu('=', 6, 1);
  a.load(8, 7, 6, 0);
  a.aluValue('+', 7, -8);
  a.jumpIf('==', 7, 0, 'out');
  a.storeValue(4, 10, -12, 1);
  a.label('out');
  a.exit();
  const { bytes } = a.assemble();
  assert.equal(
    Buffer.from(bytes)
      .toString('hex')
      .replace(/(.{16})/g, '$1 ')
      .trim(),
    'bf16000000000000 7967000000000000 07070000f8ffffff 1507010000000000 620af4ff01000000 b700000000000000 9500000000000000',
  );
});

test('llvm-mc reads what was meant', (t) => {
  if (spawnSync('llvm-mc', ['--version']).status !== 0) return t.skip('llvm-mc is not installed (Debian: llvm)');
  const a = new BpfAssembler();
  a.loadMap(1, 'map');
  a.call('mapLookup');
  a.zeroExtend(0);
  a.aluValue('>>', 0, 3);
  a.atomicAdd(0, 16, 1);
  a.jumpIf('s<', 0, -5, 'end');
  a.label('end');
  a.exit();
  const input = [...link(a.assemble(), new Map([['map', 77]]))].join(' ');
  const { stdout } = spawnSync('llvm-mc', ['--disassemble', '--triple=bpf'], { input, encoding: 'utf8' });
  const lines = stdout.split('\n').map((line) => line.trim());
  const meant = [
    'call 1',
    'w0 = w0',
    'r0 >>= 3',
    'lock *(u64 *)(r0 + 16) += r1',
    'if r0 s< -5 goto +0',
    'r0 = 0',
    'exit',
  ];
  assert.deepEqual(lines.filter((line) => line !== '' && line !== '.text').slice(-meant.length), meant);
  // The map's descriptor: the second register number says that it is one.
  assert.match(stdout, /77/);
});

test('every program is accepted by the verifier of this kernel', async (t) => {
  const { whyNoCapture } = await import('./capture-wishes.ts');
  const reason = whyNoCapture();
  if (reason !== undefined) return t.skip(reason);
  const { makeCaptureSet } = await import('./capture-set.ts');
  const { startCapture } = await import('./capture-loader.ts');
  const { syscallTable } = await import('../syscalls/syscall-table.ts');
  const all = new Set(syscallTable('x86-64').byNumber.keys());
  const compat = new Set(syscallTable('i386').byNumber.keys());
  for (const isFiltered of [true, false]) {
    const set = makeCaptureSet({
      entries: all,
      exits: all,
      wholes: new Set(),
      compat,
      isUnknownWanted: true,
      isFiltered,
    });
    assert.ok(set !== undefined);
    startCapture(set)?.close();
  }
});
