// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CtfError } from '@lockstep/base';
import type { StructureFieldClass } from '../model/field-class.ts';
import { eventRecordClass, sampleTraceClass } from '../testing/sample-trace.ts';
import {
  dynamicLengthArray,
  floatingPoint,
  nullTerminatedString,
  sequenceMembers,
  signedInteger,
  structure,
  unsignedInteger,
  variant,
} from '../write.ts';
import { parseMetadata } from './metadata-parser.ts';
import { writeEventRecordClass, writeMetadata } from './metadata-writer.ts';

function writeEvent(payload: StructureFieldClass): string {
  const traceClass = sampleTraceClass('program', []);
  const dataStreamClass = traceClass.dataStreamClasses.get(0n);
  assert.ok(dataStreamClass);
  return writeEventRecordClass(traceClass, dataStreamClass, eventRecordClass(7, 'shop:order', payload, 6));
}

test('an event is written as LTTng writes it: escaped names, aliases, a length before each sequence', () => {
  const payload = structure([
    { name: 'id', fieldClass: signedInteger(32) },
    { name: 'address', fieldClass: unsignedInteger(64, { displayBase: 16 }) },
    { name: 'total', fieldClass: floatingPoint(64) },
    { name: 'sku', fieldClass: nullTerminatedString() },
    ...sequenceMembers('sizes', unsignedInteger(16)),
  ]);
  assert.equal(
    writeEvent(payload),
    `event {
	name = "shop:order";
	id = 7;
	stream_id = 0;
	loglevel = 6;
	fields := struct {
		int32_t _id;
		integer { size = 64; align = 64; signed = 0; encoding = none; base = 16; } _address;
		floating_point { exp_dig = 11; mant_dig = 53; align = 64; } _total;
		string _sku;
		uint32_t __sizes_length;
		uint16_t _sizes[__sizes_length];
	};
};
`,
  );
});

test('metadata begins with the signature that Trace Compass looks for', () => {
  assert.ok(writeMetadata(sampleTraceClass('kernel', [])).startsWith('/* CTF 1.8 */\n'));
});

test('names that TSDL cannot spell are replaced and stay distinct', () => {
  const traceClass = sampleTraceClass('program', [
    eventRecordClass(
      1,
      'x',
      structure({
        'a-b': unsignedInteger(8),
        a_b: unsignedInteger(8),
        größe: unsignedInteger(8),
        '': unsignedInteger(8),
      }),
    ),
  ]);
  const environment = new Map<string, string>([
    ['a-b', '1'],
    ['a_b', '2'],
    ['', '3'],
    ['9', '4'],
  ]);
  const parsed = parseMetadata(writeMetadata({ ...traceClass, environment }));
  assert.deepEqual([...parsed.environment.keys()], ['a_b', 'a_b_2', '_', '_9']);
  const payload = parsed.dataStreamClasses.get(0n)?.eventRecordClasses.get(1n)?.payload;
  assert.deepEqual(
    payload?.memberClasses.map((member) => member.name),
    ['a_b', 'a_b_2', 'gr__e', ''],
  );
});

test('what CTF 1.8 cannot express is refused', () => {
  const length = unsignedInteger(8);
  const cases: Readonly<Record<string, StructureFieldClass>> = {
    'a length that follows': structure({ list: dynamicLengthArray(length, { path: ['n'] }), n: length }),
    'a length that is signed': structure({ n: signedInteger(8), list: dynamicLengthArray(length, { path: ['n'] }) }),
    'a length in no structure': structure({ n: length, list: dynamicLengthArray(length, { path: [null, 'n'] }) }),
    'a length in a scope that is not there': structure({
      list: dynamicLengthArray(length, { origin: 'event-record-specific-context', path: ['n'] }),
    }),
    'a selector without labels': structure({
      tag: length,
      v: variant({ path: ['tag'] }, [{ name: 'a', fieldClass: length, selectorFieldRanges: [[0, 1]] }]),
    }),
    'an option whose ranges are not its label': structure({
      tag: unsignedInteger(8, { mappings: { a: [[0, 2]] } }),
      v: variant({ path: ['tag'] }, [{ name: 'a', fieldClass: length, selectorFieldRanges: [[0, 1]] }]),
    }),
    'half precision': structure({
      f: { type: 'fixed-length-floating-point-number', length: 24, byteOrder: 'little-endian', alignment: 8 },
    }),
  };
  for (const [name, payload] of Object.entries(cases)) assert.throws(() => writeEvent(payload), CtfError, name);
});

test('a reference that a nearer field of the same name would catch is written as a path from its scope', () => {
  const text = writeEvent(
    structure({
      n: unsignedInteger(8),
      inner: structure({
        n: nullTerminatedString(),
        list: dynamicLengthArray(unsignedInteger(8), { path: [null, 'n'] }),
      }),
    }),
  );
  assert.match(text, /_list\[event\.fields\._n\]/);
});
