// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CtfError } from '@lockstep/base';
import type { DataStream, Trace } from '../model/event-record.ts';
import type { TraceClass } from '../model/trace-class.ts';
import { arbitraryBytes, arbitraryTraceClass } from '../testing/arbitrary-trace.ts';
import { createDataStreamReader, type StreamItem } from './data-stream-reader.ts';
import { memoryMedium, type Medium } from './medium.ts';
import { countPacket, PacketReader } from './packet-reader.ts';
import { traceDecoderOf, type DecoderKind } from './trace-decoder.ts';

interface Outcome {
  readonly items: readonly unknown[];
  readonly error: string | undefined;
}

function streamOf(traceClass: TraceClass): DataStream {
  const trace: Trace = { name: 'test', traceClass, dataStreams: [] };
  return { name: 'stream', trace, dataStreamClass: [...traceClass.dataStreamClasses.values()][0]!, id: undefined };
}

/** What is compared: all but the objects that are the same for both. */
function plain(item: StreamItem): unknown {
  const { dataStream: _, ...rest } = item;
  return 'eventRecordClass' in rest ? { ...rest, eventRecordClass: rest.eventRecordClass.name } : rest;
}

function read(traceClass: TraceClass, medium: Medium, decoder: DecoderKind, windowBytes?: number): Outcome {
  const window = windowBytes === undefined ? {} : { windowBytes };
  const reader = createDataStreamReader({ dataStream: streamOf(traceClass), medium, decoder, ...window });
  const items: unknown[] = [];
  try {
    for (let item = reader.next(); item !== undefined; item = reader.next()) items.push(plain(item));
  } catch (error) {
    assert.ok(error instanceof CtfError, String(error instanceof Error ? error.stack : error));
    return { items, error: error.sentence };
  }
  return { items, error: undefined };
}

function count(traceClass: TraceClass, medium: Medium, windowBytes = 1 << 18): number | string {
  const decoder = traceDecoderOf(traceClass, 'generated');
  const reader = new PacketReader({ decoder, medium, streamName: 'stream', windowBytes });
  let records = 0;
  try {
    while (reader.next()) records += countPacket(reader);
  } catch (error) {
    assert.ok(error instanceof CtfError, String(error instanceof Error ? error.stack : error));
    return error.sentence;
  }
  return records;
}

test('the generated decoder and its interpreting twin give the same items and the same error', () => {
  let recordCount = 0;
  fc.assert(
    fc.property(
      arbitraryTraceClass,
      fc.array(arbitraryBytes, { minLength: 4, maxLength: 4 }),
      (traceClass, streams) => {
        for (const bytes of streams) {
          const generated = read(traceClass, memoryMedium(bytes), 'generated');
          const interpreted = read(traceClass, memoryMedium(bytes), 'interpreted');
          assert.deepEqual(generated, interpreted);
          recordCount += generated.items.length;
        }
      },
    ),
    { numRuns: 400, seed: 20_261_122 },
  );
  // The property would also hold of decoders that refuse everything.
  assert.ok(recordCount > 1000, `only ${recordCount} event records were compared`);
});

test('counting agrees with reading, in the number as in the refusal', () => {
  fc.assert(
    fc.property(arbitraryTraceClass, arbitraryBytes, (traceClass, bytes) => {
      const { items, error } = read(traceClass, memoryMedium(bytes), 'generated');
      const counted = count(traceClass, memoryMedium(bytes));
      assert.equal(typeof counted === 'number', error === undefined);
      if (typeof counted === 'number') assert.equal(counted, items.length);
    }),
    { numRuns: 400, seed: 7 },
  );
});

test('a packet that is loaded in parts gives what it gives as a whole, to both decoders and to counting', () => {
  fc.assert(
    fc.property(arbitraryTraceClass, arbitraryBytes, fc.constantFrom(256, 300), (traceClass, bytes, windowBytes) => {
      const whole = read(traceClass, memoryMedium(bytes), 'generated');
      assert.deepEqual(read(traceClass, memoryMedium(bytes), 'generated', windowBytes), whole);
      assert.deepEqual(read(traceClass, memoryMedium(bytes), 'interpreted', windowBytes), whole);
      const counted = count(traceClass, memoryMedium(bytes), windowBytes);
      assert.equal(
        typeof counted === 'number' ? counted : undefined,
        whole.error === undefined ? whole.items.length : undefined,
      );
    }),
    { numRuns: 400, seed: 99 },
  );
});

test('a name of the trace is data in generated code, whatever it is', () => {
  const names = ['__proto__', '"};globalThis.broken=1;//', '\u2028', '${x}', '\\', "'", 'constructor'];
  fc.assert(
    fc.property(fc.constantFrom(...names), (name) => {
      const traceClass: TraceClass = {
        byteOrder: 'little-endian',
        environment: new Map(),
        clockClasses: [],
        dataStreamClasses: new Map([
          [
            0n,
            {
              id: 0n,
              eventRecordClasses: new Map([
                [
                  0n,
                  {
                    id: 0n,
                    name,
                    payload: {
                      type: 'structure',
                      memberClasses: [
                        {
                          name,
                          fieldClass: {
                            type: 'fixed-length-unsigned-integer',
                            length: 8,
                            byteOrder: 'little-endian',
                            alignment: 8,
                          },
                        },
                      ],
                    },
                  },
                ],
              ]),
            },
          ],
        ]),
      };
      const outcome = read(traceClass, memoryMedium(Uint8Array.of(7)), 'generated');
      const payload = (outcome.items[0] as { payload: Record<string, unknown> }).payload;
      assert.deepEqual(Object.entries(payload), [[name, 7]]);
      assert.equal('broken' in globalThis, false);
    }),
  );
});
