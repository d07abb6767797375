// SPDX-License-Identifier: MIT
// The project's own corpus of damaged streams, by reason: test/conformance/streams/REASON holds `trace` and
// `expect.txt`: what is read, an item a line, then the error if there is one. Reading from a time on, which asks the
// packet index, ends in the same way or with an error that says why.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { CtfError, type Nanoseconds } from '@lockstep/base';
import { isEventRecord } from '../read/data-stream-reader.ts';
import type { DecoderKind } from '../read/trace-decoder.ts';
import { countEventRecords } from './count-records.ts';
import { readEventRecords } from './read-traces.ts';
import { openTraceDirectory } from './trace-set.ts';

const corpus = fileURLToPath(new URL('../../../../../test/conformance/streams/', import.meta.url));

function readCase(name: string, options: { readonly decoder?: DecoderKind; readonly begin?: Nanoseconds }): string {
  const lines: string[] = [];
  const traceSet = openTraceDirectory(join(corpus, name, 'trace'));
  try {
    for (const item of readEventRecords(traceSet, options)) {
      if (isEventRecord(item))
        lines.push(`${item.timeNs} ${item.eventRecordClass.name} ${JSON.stringify(item.payload)}`);
      else lines.push(`${item.type} ${item.count ?? 'unknown'}`);
    }
  } catch (error) {
    assert.ok(error instanceof CtfError, String(error));
    lines.push(`refused: ${error.sentence}`);
  } finally {
    traceSet.close();
  }
  return `${lines.join('\n')}\n`;
}

for (const name of readdirSync(corpus)) {
  test(`a stream is read as far as it can be: ${name}`, () => {
    const path = join(corpus, name, 'expect.txt');
    if (process.env['LOCKSTEP_UPDATE_EXPECTED'] === '1') writeFileSync(path, readCase(name, {}));
    const expected = readFileSync(path, 'utf8');
    for (const decoder of ['generated', 'interpreted'] as const) assert.equal(readCase(name, { decoder }), expected);
    assert.ok(readCase(name, { begin: 100n as Nanoseconds }).length > 0);
    const traceSet = openTraceDirectory(join(corpus, name, 'trace'));
    try {
      const { records } = countEventRecords(traceSet);
      assert.equal(records, BigInt(expected.match(/^\d+ /gm)?.length ?? 0));
    } catch (error) {
      assert.ok(error instanceof CtfError, String(error));
      assert.match(expected, /^refused: /m);
    } finally {
      traceSet.close();
    }
  });
}
