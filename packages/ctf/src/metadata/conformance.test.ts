// SPDX-License-Identifier: MIT
// The project's own corpus of metadata, by reason: test/conformance/metadata/{succeed,fail}/REASON holds
// `metadata` and `expect.txt`, the parsed trace class in short or the sentence of the refusal.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { CtfError } from '@lockstep/base';
import { describeTraceClass } from '../testing/describe-trace-class.ts';
import { decodeMetadata } from './metadata-packets.ts';

const corpus = fileURLToPath(new URL('../../../../../test/conformance/metadata/', import.meta.url));

function readCase(
  kind: 'succeed' | 'fail',
  name: string,
): { readonly metadata: Uint8Array; readonly expected: string } {
  const directory = join(corpus, kind, name);
  return {
    metadata: readFileSync(join(directory, 'metadata')),
    expected: readFileSync(join(directory, 'expect.txt'), 'utf8'),
  };
}

for (const name of readdirSync(join(corpus, 'succeed'))) {
  test(`metadata is parsed: ${name}`, () => {
    const { metadata, expected } = readCase('succeed', name);
    assert.equal(describeTraceClass(decodeMetadata(metadata)), expected);
  });
}

for (const name of readdirSync(join(corpus, 'fail'))) {
  test(`metadata is refused: ${name}`, () => {
    const { metadata, expected } = readCase('fail', name);
    assert.throws(
      () => decodeMetadata(metadata),
      (error: unknown) => {
        assert.ok(error instanceof CtfError, String(error));
        assert.equal(`${error.sentence}\n`, expected);
        return true;
      },
    );
  });
}
