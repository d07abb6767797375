// SPDX-License-Identifier: MIT
// The metadata cases of the published CTF 1.8 test suite, where a copy of it lies beside the
// repository or in LOCKSTEP_CTF_CASES: what must pass is accepted, what must fail is a CtfError.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { CtfError } from '@lockstep/base';
import { decodeMetadata } from './metadata-packets.ts';

const repository = fileURLToPath(new URL('../../../../../', import.meta.url));
const cases = process.env['LOCKSTEP_CTF_CASES'] ?? join(repository, '../shared/data/ctf-1.8-cases');
const SKIP = existsSync(join(cases, 'metadata'))
  ? false
  : 'no copy of the CTF 1.8 test suite; name it by LOCKSTEP_CTF_CASES';

function readCases(kind: 'pass' | 'fail'): readonly { readonly name: string; readonly bytes: Uint8Array }[] {
  const directory = join(cases, 'metadata', kind);
  return readdirSync(directory).map((name) => ({ name, bytes: readFileSync(join(directory, name, 'metadata')) }));
}

test('every metadata of the published suite that must pass is accepted', { skip: SKIP }, () => {
  const refused: string[] = [];
  for (const { name, bytes } of readCases('pass')) {
    try {
      decodeMetadata(bytes);
    } catch (error) {
      refused.push(`${name}: ${String(error)}`);
    }
  }
  assert.deepEqual(refused, []);
});

test('every metadata of the published suite that must fail is refused with a CtfError', { skip: SKIP }, () => {
  for (const { name, bytes } of readCases('fail')) assert.throws(() => decodeMetadata(bytes), CtfError, name);
});
