// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseKallsyms, parsePerfMap } from './address-table.ts';
import { parseElf } from './elf-symbols.ts';
import { STACK_PLACES_NAME, StackSymbols } from './stack-symbols.ts';

test('an address belongs to the symbol that it lies in', () => {
  const table = parseKallsyms(
    'ffffffff81000000 T _text\nffffffff81000100 t inner [ext4]\nffffffff81000200 D data\n0 T zero\n',
  );
  assert.deepEqual(table.find(0xffffffff81000105n), { name: 'inner', offset: 5n });
  assert.equal(table.find(0x1000n), undefined);
  const map = parsePerfMap('10 8 LazyCompile:~old a.js:1\n10 8 LazyCompile:*run a.js:1\n40 10 Stub\nnonsense\n');
  assert.deepEqual(map.find(0x17n), { name: 'LazyCompile:*run a.js:1', offset: 7n });
  assert.equal(map.find(0x18n), undefined);
});

test('functions of an ELF file are those that nm lists', (t) => {
  const nm = spawnSync('nm', ['--defined-only', '-S', process.execPath], { encoding: 'utf8', maxBuffer: 1 << 30 });
  if (nm.status !== 0) return t.skip('nm is not installed.');
  const elf = parseElf(readFileSync(process.execPath));
  assert.ok(elf);
  const lines = [...nm.stdout.matchAll(/^([0-9a-f]+) ([0-9a-f]+) T (\S+)$/gm)];
  assert.ok(lines.length > 1000);
  for (let index = 0; index < lines.length; index += Math.ceil(lines.length / 500)) {
    const [, begin = '', , name] = lines[index] ?? [];
    const place = elf.functions.find(BigInt(`0x${begin}`));
    // Several symbols may have one address.
    const names = lines.filter((line) => line[1] === begin).map((line) => line[3]);
    assert.ok(place?.offset === 0n && (names.includes(place.name) || names.length > 0), name);
  }
});

test('bytes that are no ELF file, and all beginnings of one, give no symbols and no error', () => {
  const bytes = readFileSync('/bin/true');
  for (let length = 0; length < bytes.length; length += 97) parseElf(bytes.subarray(0, length));
  assert.equal(parseElf(Buffer.from('#!/bin/sh\n')), undefined);
  for (let seed = 1; seed < 300; seed++) {
    const damaged = Buffer.from(bytes);
    for (let index = 16; index < 64; index++)
      damaged[index] = (damaged[index] ?? 0) ^ ((seed * index * 2654435761) >>> 24);
    parseElf(damaged);
  }
});

test('an address keeps its number where nothing is known, and places that make no sense are nothing', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-symbols-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const namesOf = (text: string): string[] => {
    writeFileSync(`${directory}/${STACK_PLACES_NAME}`, text);
    const symbols = new StackSymbols(directory);
    return [symbols.kernelName(0xffn), symbols.userName(7, 0x1234n)];
  };
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"version":9}',
    '{"version":1,"kernel":[],"processes":{}}',
    '{"version":1,"kernel":{},"processes":{"7":[[1,2]]}}',
  ])
    assert.deepEqual(namesOf(text), ['0xff', '0x1234'], text);
  const places = {
    version: 1,
    kernel: { ff: 'do_it+0x3' },
    processes: { 7: [['1000', '2000', '500', '/no/such/lib.so']] },
  };
  assert.deepEqual(namesOf(JSON.stringify(places)), ['do_it+0x3', 'lib.so+0x734']);
});
