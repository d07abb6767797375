// SPDX-License-Identifier: MIT
// Random trace classes for property tests: any nesting of any field class, in both byte orders and at
// any alignment, with lengths and selectors in any scope before their use.

import fc from 'fast-check';
import type {
  BitOrder,
  ByteOrder,
  FieldClass,
  FieldLocation,
  Role,
  ScopeName,
  StringEncoding,
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

const alignment = fc.constantFrom(1, 2, 8, 16, 32, 64);
const memberNames = ['a', '_b', '__proto__', 'c d', 'toString', '"];x', 'constructor', 'ü'] as const;
const bitOrder = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<BitOrder>('first-to-last', 'last-to-first').map((order) => ({ bitOrder: order })),
  },
);
const encoding = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<StringEncoding>('utf-16be', 'utf-16le', 'utf-32be', 'utf-32le')
      .map((name) => ({ encoding: name })),
  },
);

/** Field classes whose fields of bits have a byte order of `byteOrder`. */
class Arbitraries {
  readonly #byteOrder: fc.Arbitrary<ByteOrder>;
  readonly #leaf: fc.Arbitrary<FieldClass>;

  constructor(byteOrder: fc.Arbitrary<ByteOrder>) {
    this.#byteOrder = byteOrder;
    this.#leaf = this.#makeLeaf();
  }

  #bits(
    length: fc.Arbitrary<number>,
  ): fc.Arbitrary<{ length: number; byteOrder: ByteOrder; alignment: number; bitOrder?: BitOrder }> {
    return fc
      .tuple(fc.record({ length, byteOrder: this.#byteOrder, alignment }), bitOrder)
      .map(([part, order]) => ({ ...part, ...order }));
  }

  #makeLeaf(): fc.Arbitrary<FieldClass> {
    const integerLength = fc.oneof(fc.constantFrom(8, 16, 32, 64), fc.integer({ min: 1, max: 70 }));
    return fc.oneof(
      {
        weight: 4,
        arbitrary: fc.tuple(this.#bits(integerLength), fc.boolean()).map(([part, isSigned]): FieldClass => ({
          type: isSigned ? 'fixed-length-signed-integer' : 'fixed-length-unsigned-integer',
          ...part,
        })),
      },
      fc.boolean().map((isSigned): FieldClass => ({
        type: isSigned ? 'variable-length-signed-integer' : 'variable-length-unsigned-integer',
      })),
      this.#bits(fc.constantFrom(16, 32, 64, 128, 160)).map((part): FieldClass => ({
        type: 'fixed-length-floating-point-number',
        ...part,
      })),
      this.#bits(fc.integer({ min: 1, max: 9 })).map((part): FieldClass => ({ type: 'fixed-length-boolean', ...part })),
      this.#bits(fc.integer({ min: 1, max: 64 })).map((part): FieldClass => ({
        type: 'fixed-length-bit-array',
        ...part,
      })),
      this.#bits(fc.integer({ min: 1, max: 64 })).map((part): FieldClass => ({
        type: 'fixed-length-bit-map',
        flags: { first: [[0, 0]] },
        ...part,
      })),
      encoding.map((part): FieldClass => ({ type: 'null-terminated-string', ...part })),
      fc
        .tuple(fc.integer({ min: 0, max: 9 }), encoding)
        .map(([length, part]): FieldClass => ({ type: 'static-length-string', length, ...part })),
      fc.integer({ min: 0, max: 5 }).map((length): FieldClass => ({ type: 'static-length-blob', length })),
    );
  }

  /** A small integer that lengths and selectors can name. */
  get #selector(): fc.Arbitrary<FieldClass> {
    return fc
      .record({ length: fc.integer({ min: 1, max: 4 }), byteOrder: this.#byteOrder, alignment })
      .map((part): FieldClass => ({ type: 'fixed-length-unsigned-integer', ...part }));
  }

  get #boolean(): fc.Arbitrary<FieldClass> {
    return this.#bits(fc.integer({ min: 1, max: 3 })).map((part): FieldClass => ({
      type: 'fixed-length-boolean',
      ...part,
    }));
  }

  /** A structure whose dynamic members name `n` or `on` of it, or of an earlier scope. */
  structure(depth: number, origins: readonly ScopeName[]): fc.Arbitrary<StructureFieldClass> {
    const locationOf = (name: string): fc.Arbitrary<FieldLocation> =>
      fc.constantFrom<FieldLocation>(
        { path: [name] },
        ...origins.map((origin): FieldLocation => ({ origin, path: ['n'] })),
      );
    const location = locationOf('n');
    const member: fc.Arbitrary<FieldClass> =
      depth === 0
        ? this.#leaf
        : fc.oneof(
            { weight: 3, arbitrary: this.#leaf },
            fc.tuple(this.#leaf, fc.integer({ min: 0, max: 4 })).map(([elementFieldClass, length]): FieldClass => ({
              type: 'static-length-array',
              elementFieldClass,
              length,
            })),
            fc
              .tuple(fc.oneof(this.#leaf, this.structure(depth - 1, origins)), location)
              .map(([elementFieldClass, lengthFieldLocation]): FieldClass => ({
                type: 'dynamic-length-array',
                elementFieldClass,
                lengthFieldLocation,
              })),
            fc.tuple(location, encoding).map(([lengthFieldLocation, part]): FieldClass => ({
              type: 'dynamic-length-string',
              lengthFieldLocation,
              ...part,
            })),
            location.map((lengthFieldLocation): FieldClass => ({ type: 'dynamic-length-blob', lengthFieldLocation })),
            this.structure(depth - 1, origins),
            fc
              .tuple(fc.oneof(this.#leaf, this.structure(depth - 1, origins)), location)
              .map(([fieldClass, selectorFieldLocation]): FieldClass => ({
                type: 'optional',
                fieldClass,
                selectorFieldLocation,
                selectorFieldRanges: [
                  [0, 1],
                  [3, 9],
                ],
              })),
            this.#leaf.map((fieldClass): FieldClass => ({
              type: 'optional',
              fieldClass,
              selectorFieldLocation: { path: ['on'] },
            })),
            fc
              .tuple(
                fc.array(fc.oneof(this.#leaf, this.structure(depth - 1, origins)), { minLength: 1, maxLength: 3 }),
                location,
              )
              .map(([options, selectorFieldLocation]): FieldClass => ({
                type: 'variant',
                options: options.map((fieldClass, index) => ({
                  name: index === 1 ? '' : `o${index}`,
                  fieldClass,
                  selectorFieldRanges: [[index * 5, index * 5 + 4]],
                })),
                selectorFieldLocation,
              })),
          );
    return fc
      .tuple(
        fc.tuple(this.#selector, this.#boolean),
        fc.uniqueArray(fc.constantFrom(...memberNames), { maxLength: 4 }),
        fc.array(member, { minLength: 4, maxLength: 4 }),
        fc.constantFrom(undefined, 8, 32),
      )
      .map(([[selector, boolean], names, members, minimum]) =>
        struct(
          [['n', selector], ['on', boolean], ...names.map((name, index) => [name, members[index]!] as const)],
          minimum,
        ),
      );
  }

  /** A trace class of one data stream class with two event record classes, whose packets are whole streams. */
  traceClass(): fc.Arbitrary<TraceClass> {
    return fc
      .record({
        order: this.#byteOrder,
        packetContext: this.structure(1, []),
        stampLength: fc.constantFrom(5, 27, 32, 40, 64),
        stampAlignment: alignment,
        commonContext: this.structure(1, ['packet-context', 'event-record-header']),
        payloads: fc.tuple(
          this.structure(2, ['packet-context', 'event-record-header', 'event-record-common-context']),
          this.structure(1, ['event-record-common-context']),
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
        const classes = payloads.map((payload, id): EventRecordClass => ({
          id: BigInt(id),
          name: `event${id}`,
          payload,
        }));
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
  }
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

/** Mostly of one byte order: fields of both that meet in a byte are an error. */
export const arbitraryTraceClass: fc.Arbitrary<TraceClass> = fc.oneof(
  { weight: 4, arbitrary: new Arbitraries(fc.constant<ByteOrder>('little-endian')).traceClass() },
  { weight: 4, arbitrary: new Arbitraries(fc.constant<ByteOrder>('big-endian')).traceClass() },
  {
    weight: 2,
    arbitrary: new Arbitraries(fc.constantFrom<ByteOrder>('little-endian', 'big-endian')).traceClass(),
  },
);

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
