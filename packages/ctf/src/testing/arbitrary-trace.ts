// SPDX-License-Identifier: MIT
// Random trace classes for property tests: any nesting of any field class, in both byte orders and at
// any alignment, with lengths and selectors in any scope before their use.

import fc from 'fast-check';
import type {
  ByteOrder,
  FieldClass,
  FieldLocation,
  Role,
  ScopeName,
  StructureFieldClass,
  StructureMemberClass,
} from '../model/field-class.ts';
import type { ClockClass, DataStreamClass, EventRecordClass, TraceClass } from '../model/trace-class.ts';

export const TEST_CLOCK: ClockClass = {
  name: 'test',
  frequency: 1_000_000_000n,
  offsetSeconds: 1_700_000_000n,
  offsetCycles: 5n,
  absolute: true,
};

export function integer(
  length: number,
  options: Partial<Extract<FieldClass, { type: 'fixed-length-unsigned-integer' | 'fixed-length-signed-integer' }>> = {},
): Extract<FieldClass, { type: 'fixed-length-unsigned-integer' | 'fixed-length-signed-integer' }> {
  return { type: 'fixed-length-unsigned-integer', length, byteOrder: 'little-endian', alignment: 8, ...options };
}

export function struct(
  members: readonly (readonly [string, FieldClass])[],
  minimumAlignment?: number,
): StructureFieldClass {
  const memberClasses: StructureMemberClass[] = members.map(([name, fieldClass]) => ({ name, fieldClass }));
  return { type: 'structure', memberClasses, ...(minimumAlignment === undefined ? {} : { minimumAlignment }) };
}

const byteOrder = fc.constantFrom<ByteOrder>('little-endian', 'big-endian');
const alignment = fc.constantFrom(1, 2, 8, 16, 32, 64);

const integerClass = fc
  .record({
    length: fc.oneof(fc.constantFrom(8, 16, 32, 64), fc.integer({ min: 1, max: 70 })),
    byteOrder,
    alignment,
    isSigned: fc.boolean(),
  })
  .map(({ isSigned, ...rest }): FieldClass => ({
    type: isSigned ? 'fixed-length-signed-integer' : 'fixed-length-unsigned-integer',
    ...rest,
  }));

const leaf: fc.Arbitrary<FieldClass> = fc.oneof(
  { weight: 4, arbitrary: integerClass },
  fc
    .record({ length: fc.constantFrom(32, 64), byteOrder, alignment })
    .map((part): FieldClass => ({ type: 'fixed-length-floating-point-number', ...part })),
  fc
    .record({ length: fc.integer({ min: 1, max: 9 }), byteOrder, alignment })
    .map((part): FieldClass => ({ type: 'fixed-length-boolean', ...part })),
  fc
    .record({ length: fc.integer({ min: 1, max: 64 }), byteOrder, alignment })
    .map((part): FieldClass => ({ type: 'fixed-length-bit-array', ...part })),
  fc.constant<FieldClass>({ type: 'null-terminated-string' }),
  fc.integer({ min: 0, max: 5 }).map((length): FieldClass => ({ type: 'static-length-string', length })),
);

/** A small integer that lengths and selectors can name. */
const selectorClass = fc
  .record({ length: fc.integer({ min: 1, max: 4 }), byteOrder, alignment })
  .map((part): FieldClass => ({ type: 'fixed-length-unsigned-integer', ...part }));

const memberNames = ['a', '_b', '__proto__', 'c d', 'toString', '"];x', 'constructor', 'ü'] as const;

/** A structure whose dynamic members name `n`, a member of it, or of an earlier scope. */
function structureClass(depth: number, origins: readonly ScopeName[]): fc.Arbitrary<StructureFieldClass> {
  const location = fc.constantFrom<FieldLocation>(
    { path: ['n'] },
    ...origins.map((origin): FieldLocation => ({ origin, path: ['n'] })),
  );
  const member: fc.Arbitrary<FieldClass> =
    depth === 0
      ? leaf
      : fc.oneof(
          { weight: 3, arbitrary: leaf },
          fc.tuple(leaf, fc.integer({ min: 0, max: 4 })).map(([elementFieldClass, length]): FieldClass => ({
            type: 'static-length-array',
            elementFieldClass,
            length,
          })),
          fc
            .tuple(fc.oneof(leaf, structureClass(depth - 1, origins)), location)
            .map(([elementFieldClass, lengthFieldLocation]): FieldClass => ({
              type: 'dynamic-length-array',
              elementFieldClass,
              lengthFieldLocation,
            })),
          location.map((lengthFieldLocation): FieldClass => ({ type: 'dynamic-length-string', lengthFieldLocation })),
          structureClass(depth - 1, origins),
          fc
            .tuple(
              fc.array(fc.oneof(leaf, structureClass(depth - 1, origins)), { minLength: 1, maxLength: 3 }),
              location,
            )
            .map(([options, selectorFieldLocation]): FieldClass => ({
              type: 'variant',
              options: options.map((fieldClass, index) => ({
                name: `o${index}`,
                fieldClass,
                selectorFieldRanges: [[index * 5, index * 5 + 4]],
              })),
              selectorFieldLocation,
            })),
        );
  return fc
    .tuple(
      selectorClass,
      fc.uniqueArray(fc.constantFrom(...memberNames), { maxLength: 4 }),
      fc.array(member, { minLength: 4, maxLength: 4 }),
      fc.constantFrom(undefined, 8, 32),
    )
    .map(([selector, names, members, minimum]) =>
      struct([['n', selector], ...names.map((name, index) => [name, members[index]!] as const)], minimum),
    );
}

function withRoles(roles: readonly Role[], length: number, alignmentBits: number, order: ByteOrder): FieldClass {
  return {
    type: 'fixed-length-unsigned-integer',
    length,
    byteOrder: order,
    alignment: alignmentBits,
    roles,
    clock: 'test',
  };
}

/** A trace class of one data stream class with two event record classes, whose packets are whole streams. */
export const arbitraryTraceClass: fc.Arbitrary<TraceClass> = fc
  .record({
    order: byteOrder,
    packetContext: structureClass(1, []),
    stampLength: fc.constantFrom(5, 27, 32, 40, 64),
    stampAlignment: alignment,
    commonContext: structureClass(1, ['packet-context', 'event-record-header']),
    payloads: fc.tuple(
      structureClass(2, ['packet-context', 'event-record-header', 'event-record-common-context']),
      structureClass(1, ['event-record-common-context']),
    ),
  })
  .map(({ order, packetContext, stampLength, stampAlignment, commonContext, payloads }) => {
    const eventRecordHeader = struct([
      [
        'n',
        {
          type: 'fixed-length-unsigned-integer',
          length: 1,
          byteOrder: order,
          alignment: 1,
          roles: ['event-record-class-id'],
        },
      ],
      ['timestamp', withRoles(['default-clock-timestamp'], stampLength, stampAlignment, order)],
    ]);
    const classes = payloads.map((payload, id): EventRecordClass => ({ id: BigInt(id), name: `event${id}`, payload }));
    const dataStreamClass: DataStreamClass = {
      id: 0n,
      packetContext,
      eventRecordHeader,
      commonContext,
      defaultClock: TEST_CLOCK,
      eventRecordClasses: new Map(classes.map((erc) => [erc.id, erc])),
    };
    return {
      byteOrder: order,
      environment: new Map(),
      clockClasses: [TEST_CLOCK],
      dataStreamClasses: new Map([[0n, dataStreamClass]]),
    };
  });

/** Bytes that are likely to decode: many zeros, some of everything. */
export const arbitraryBytes: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(0, 0, 0, 1, 2) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) },
    ),
    {
      minLength: 200,
      maxLength: 800,
    },
  )
  .map((values) => Uint8Array.from(values));
