// SPDX-License-Identifier: MIT
// The bundled doors, as users import them: each class exists once however many doors a program opens, and threads
// lie beside the file that starts them.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CtfError, InputError } from '@lockstep/base';
import { bytesMedium, decodeMetadata, openTraceFiles } from '@lockstep/ctf';
import { openTraceDirectory, readEventRecords } from '@lockstep/ctf/node';

test('errors of every door are those of @lockstep/base', async () => {
  assert.throws(() => decodeMetadata(new TextEncoder().encode('/* CTF 1.8 */ trace {')), CtfError);
  assert.throws(() => openTraceDirectory('/nowhere'), InputError);
  await assert.rejects(openTraceFiles([{ path: 'metadata', medium: bytesMedium(new Uint8Array(3)) }]), CtfError);
});

test('a door reads a trace of the conformance corpus', () => {
  const path = fileURLToPath(
    new URL('../../../../test/conformance/streams/sequence-number-repeats/trace', import.meta.url),
  );
  const traceSet = openTraceDirectory(path);
  assert.ok([...readEventRecords(traceSet)].length > 0);
  traceSet.close();
});

test('threads lie beside the doors', () => {
  for (const name of ['count-worker.js', 'column-worker.js'])
    assert.ok(existsSync(fileURLToPath(new URL(`../doors/${name}`, import.meta.url))), name);
});
