// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CtfError } from '@lockstep/base';
import { structure, unsignedInteger } from '../model/make-field-class.ts';
import { arbitraryTraceClass } from '../testing/arbitrary-trace.ts';
import { describeTraceClass } from '../testing/describe-trace-class.ts';
import { decodeMetadata } from './metadata-packets.ts';
import { parseMetadata } from './metadata-parser.ts';
import { writeMetadata } from './metadata-writer.ts';
import { writeJsonMetadata } from './json-metadata-writer.ts';

test('what is written as CTF 2 and parsed again is the same trace class, of every field class', () => {
  fc.assert(
    fc.property(arbitraryTraceClass, (traceClass) => {
      // A first pass makes bigints of ranges, as every parser does.
      const first = parseMetadata(writeJsonMetadata(traceClass));
      assert.equal(describeTraceClass({ ...first, byteOrder: traceClass.byteOrder }), describeTraceClass(traceClass));
      assert.deepEqual(parseMetadata(writeJsonMetadata(first)), first);
    }),
    { numRuns: 300, seed: 31 },
  );
});

const LTTNG_LIKE = `/* CTF 1.8 */
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
trace { major = 1; minor = 8; uuid = "2a6422d0-6cee-11e0-8c08-cb07d7b3a564"; byte_order = le;
  packet.header := struct { integer { size = 32; align = 8; } magic; uint8_t uuid[16]; integer { size = 32; align = 8; } stream_id; }; };
env { hostname = "h"; tracer_major = 2; };
clock { name = "monotonic"; uuid = "79e49040-21b5-42d4-a873-677261696e65"; freq = 1000000000; offset_s = 7; offset = 5; };
typealias integer { size = 64; align = 8; map = clock.monotonic.value; } := stamp_t;
stream { id = 0;
  packet.context := struct { stamp_t timestamp_begin; stamp_t timestamp_end; integer { size = 64; align = 8; } content_size;
    integer { size = 64; align = 8; } packet_size; integer { size = 32; align = 8; } cpu_id; };
  event.header := struct { enum : integer { size = 5; align = 8; } { compact = 0 ... 30, extended = 31 } id;
    variant <id> { struct { integer { size = 27; align = 1; map = clock.monotonic.value; } timestamp; } compact;
      struct { integer { size = 32; align = 8; } id; stamp_t timestamp; } extended; } v; }; };
event { name = "a:b"; id = 3; stream_id = 0; loglevel = 6; model.emf.uri = "http://e";
  fields := struct { uint8_t _n; string _s[_n]; stamp_t _when; integer { size = 8; align = 8; encoding = UTF8; } _text[4]; }; };
`;

test('CTF 1.8 written as CTF 2 and back keeps its meaning', () => {
  const traceClass = parseMetadata(LTTNG_LIKE);
  const asJson = parseMetadata(writeJsonMetadata(traceClass));
  const back = parseMetadata(writeMetadata(asJson));
  assert.equal(describeTraceClass(back), describeTraceClass(traceClass));
});

test('roles get the names by which CTF 1.8 knows them, whatever CTF 2 called the fields', () => {
  const metadata = [
    { type: 'preamble', version: 2 },
    {
      type: 'trace-class',
      'packet-header-field-class': {
        type: 'structure',
        'member-classes': [
          {
            name: 'the magic!',
            'field-class': {
              type: 'fixed-length-unsigned-integer',
              length: 32,
              'byte-order': 'big-endian',
              roles: ['packet-magic-number'],
            },
          },
          { name: 'stream_id', 'field-class': { type: 'fixed-length-boolean', length: 8, 'byte-order': 'big-endian' } },
        ],
      },
    },
    { type: 'data-stream-class' },
  ]
    .map((fragment) => `\u001e${JSON.stringify(fragment)}`)
    .join('');
  const again = parseMetadata(writeMetadata(parseMetadata(metadata)));
  const members = again.packetHeader?.memberClasses.map(({ name, fieldClass }) => [
    name,
    'roles' in fieldClass ? fieldClass.roles : undefined,
  ]);
  assert.deepEqual(members, [
    ['magic', ['packet-magic-number']],
    ['stream_id_2', undefined],
  ]);
});

test('attributes are kept and written again, log level and model URI apart', () => {
  const text =
    '\u001e{"type":"preamble","version":2,"attributes":{"p":[1,null,1.5,true,{"__proto__":18446744073709551616}]}}' +
    '\u001e{"type":"data-stream-class"}' +
    '\u001e{"type":"event-record-class","name":"e","attributes":{"lttng.org,2009":{"log-level":"info","emf-uri":"u","x":1}},"payload-field-class":{"type":"structure","attributes":{"y":2}}}';
  const first = parseMetadata(text);
  assert.equal(first.dataStreamClasses.get(0n)?.eventRecordClasses.get(0n)?.logLevel, 6);
  assert.deepEqual(parseMetadata(writeJsonMetadata(first)), first);
});

test('every truncation of CTF 2 metadata is refused with a CtfError or is metadata of its own', () => {
  const text = writeJsonMetadata({
    byteOrder: 'little-endian',
    environment: new Map([['a', 'b']]),
    clockClasses: [],
    dataStreamClasses: new Map([
      [
        0n,
        {
          id: 0n,
          eventRecordClasses: new Map([[0n, { id: 0n, name: 'e', payload: structure({ a: unsignedInteger(8) }) }]]),
        },
      ],
    ]),
  });
  for (let length = 0; length < text.length; length++) {
    try {
      decodeMetadata(new TextEncoder().encode(text.slice(0, length)));
    } catch (error) {
      assert.ok(error instanceof CtfError, String(error));
    }
  }
});
