// SPDX-License-Identifier: MIT
// The capturing programs of every architecture: their byte code reads the registers that the layouts name. On a
// kernel of another architecture than this machine's they have not been run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryBtf, tryReadKernelBtf } from './btf.ts';
import { capturer } from './capture-programs.ts';
import { MACHINE_LAYOUTS } from './kernel-layouts.ts';

/** Offsets from the saved registers (r7) that a program reads, by the size of what it reads. */
function registersRead(bytes: Uint8Array): { readonly words: readonly number[]; readonly halves: readonly number[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const words: number[] = [];
  const halves: number[] = [];
  for (let at = 0; at < bytes.length; at += 8) {
    const source = (bytes[at + 1] as number) >> 4;
    const offset = view.getInt16(at + 2, true);
    // Loads of eight and of four bytes.
    if (source === 7 && bytes[at] === 0x79) words.push(offset);
    if (source === 7 && bytes[at] === 0x61) halves.push(offset);
  }
  return { words, halves };
}

for (const [machine, layout] of Object.entries(MACHINE_LAYOUTS)) {
  test(`the programs for ${machine} read its registers`, () => {
    const compatWord = layout.compatMember === undefined ? undefined : 16;
    for (const isExit of [false, true]) {
      const { bytes } = capturer({ ...layout, compatWord, tid: 1000 }, { isExit, isFiltered: true });
      const { words, halves } = registersRead(bytes);
      for (const offset of [...layout.args, ...layout.compatArgs])
        assert.ok(words.includes(offset), `argument at ${offset}`);
      // At an entry the tracepoint tells the number.
      const numbers = layout.numberSizeBytes === 4 ? halves : words;
      if (isExit) assert.ok(numbers.includes(layout.number), `number at ${layout.number}`);
    }
  });
}

test("the layout of x86-64 is that of the running kernel's own types", (t) => {
  const btf = tryReadKernelBtf();
  if (btf === undefined) return t.skip('this kernel has no type information (CONFIG_DEBUG_INFO_BTF)');
  if (process.arch !== 'x64') return t.skip(`this machine is ${process.arch}, not x64`);
  const native = ['di', 'si', 'dx', 'r10', 'r8', 'r9'];
  const compat = ['bx', 'cx', 'dx', 'si', 'di', 'bp'];
  const members = [...new Set([...native, ...compat, 'orig_ax'])].map((name) => ['pt_regs', name] as const);
  const { memberOffsets } = queryBtf(btf, [], members);
  const offsets = (names: readonly string[]): unknown[] => names.map((name) => memberOffsets.get(`pt_regs.${name}`));
  const layout = MACHINE_LAYOUTS['x64'];
  assert.deepEqual(offsets(native), layout?.args);
  assert.deepEqual(offsets(compat), layout?.compatArgs);
  assert.deepEqual(offsets(['orig_ax']), [layout?.number]);
});
