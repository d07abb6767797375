// SPDX-License-Identifier: MIT
// The fast printer against its twin, on random classes and random bytes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CtfError } from '@lockstep/base';
import type { DataStream, Trace } from '../model/event-record.ts';
import type { TraceClass } from '../model/trace-class.ts';
import { createDataStreamReader, isEventRecord } from '../read/data-stream-reader.ts';
import { memoryMedium } from '../read/medium.ts';
import { arbitraryBytes, arbitraryTraceClass } from '../testing/arbitrary-trace.ts';
import { eventRecordClass, samplePacket, sampleTraceClass } from '../testing/sample-trace.ts';
import { signedInteger, structure } from '../write.ts';
import { createDetailsPrinter } from './details-printer.ts';
import { ALL_FIELDS, ALL_NAMES } from './record-head.ts';
import { createTextPrinter } from './text-printer.ts';
import { printDataStreams, type TraceTextOptions } from './trace-text.ts';

function print(
  traceClass: TraceClass,
  streams: readonly Uint8Array[],
  options: TraceTextOptions,
): { text: string; warnings: string; error: string | undefined } {
  const trace: Trace = { name: 't', traceClass, dataStreams: [] };
  const dataStreamClass = [...traceClass.dataStreamClasses.values()][0]!;
  const inputs = streams.map((bytes, index) => {
    const dataStream: DataStream = { name: `s${index}`, trace, dataStreamClass, id: BigInt(index) };
    return { dataStream, medium: memoryMedium(bytes) };
  });
  const printed = { text: '', warnings: '', error: undefined as string | undefined };
  const writeWarning = (warning: string): void => void (printed.warnings += warning);
  try {
    for (const piece of printDataStreams(inputs, { ...options, writeWarning }))
      printed.text += Buffer.from(piece).toString();
  } catch (error) {
    assert.ok(error instanceof CtfError, String(error instanceof Error ? error.stack : error));
    printed.error = error.sentence;
  }
  return printed;
}

/** The twin has no sign of a NaN, and says U+FFFD for what is no text. */
function common(text: string): string {
  return text.replaceAll('-nan', 'nan');
}

const optionSets: readonly TraceTextOptions[] = [
  { clockGmt: true },
  { clockGmt: true, color: true, names: ALL_NAMES, fields: ALL_FIELDS },
  { clockCycles: true, names: [], noDelta: true },
];

test('prints what its twin prints, of any class and any bytes', () => {
  let lineCount = 0;
  fc.assert(
    fc.property(
      arbitraryTraceClass,
      fc.array(arbitraryBytes, { minLength: 3, maxLength: 3 }),
      fc.constantFrom(...optionSets),
      (traceClass, streams, options) => {
        // Bytes of ASCII, so that all text is text.
        const plain = streams.map((bytes) => bytes.map((byte) => byte & 0x7f));
        for (const stream of plain) {
          const fast = print(traceClass, [stream], options);
          const twin = print(traceClass, [stream], { ...options, withoutGeneratedCode: true });
          assert.equal(common(fast.text), common(twin.text));
          assert.equal(fast.error, twin.error);
          assert.equal(fast.warnings, twin.warnings);
          lineCount += fast.text.split('\n').length - 1;
        }
        // Merged: where one is damaged the twin stops earlier, since it decodes ahead.
        const fast = print(traceClass, plain, options);
        const twin = print(traceClass, plain, { ...options, withoutGeneratedCode: true });
        if (fast.error === undefined) assert.equal(common(fast.text), common(twin.text));
        else assert.ok(common(fast.text).startsWith(common(twin.text)));
      },
    ),
    { numRuns: 250, seed: 20_261_127, includeErrorInReport: true },
  );
  assert.ok(lineCount > 1000, `only ${lineCount} lines were compared`);
});

test('control characters of names reach no terminal', () => {
  const hostile = 'shop\u001b[31m\u0007\n\u009b';
  const payload = structure([{ name: hostile, fieldClass: signedInteger(32) }]);
  const traceClass: TraceClass = {
    ...sampleTraceClass('kernel', [eventRecordClass(1, hostile, payload)]),
    environment: new Map([
      ['hostname', hostile],
      ['note', hostile],
    ]),
  };
  const dataStreamClass = traceClass.dataStreamClasses.get(0n)!;
  const trace: Trace = { name: '', traceClass, dataStreams: [] };
  const dataStream: DataStream = { name: hostile, trace, dataStreamClass, id: 3n };
  const packet = samplePacket('kernel', [1000n, 1000n], (writer) =>
    writer.integer(16, 1).integer(32, 1000).integer(32, 1).integer(32, 5),
  );
  const own = { dataStream, medium: memoryMedium(packet) };
  const texts = [Buffer.concat(Array.from(printDataStreams([own], {}), (piece) => piece.slice())).toString()];
  let text = '';
  const write = (piece: string): void => void (text += piece);
  const printers = [createTextPrinter({ write }), createTextPrinter({ write, withoutGeneratedCode: true })];
  const details = createDetailsPrinter({ write });
  const reader = createDataStreamReader({ ...own, medium: memoryMedium(packet), boundaries: true });
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    if (isEventRecord(item)) for (const printer of printers) printer.print(item);
    details.print(item);
  }
  for (const printer of printers) printer.flush();
  texts.push(text);
  for (const each of texts) {
    assert.match(each, /shop\\e\[31m\\a\\n\\x9b/);
    // eslint-disable-next-line no-control-regex
    assert.deepEqual(each.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g), null);
  }
});
