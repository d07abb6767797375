// SPDX-License-Identifier: MIT
// Random trace classes that CTF 1.8 can express, for property tests: every field class, nested, with
// lengths and tags in the same structure, in enclosing ones and in other scopes.

import fc from 'fast-check';
import type {
  FieldClass,
  FixedLengthIntegerFieldClass,
  IntegerRangeSet,
  StructureFieldClass,
  StructureMemberClass,
} from '../model/field-class.ts';
import type { ClockClass, DataStreamClass, EventRecordClass, TraceClass } from '../model/trace-class.ts';
import {
  dynamicLengthArray,
  dynamicLengthString,
  kernelPacketClasses,
  normalizeRanges,
  nullTerminatedString,
  programPacketClasses,
  sequenceMembers,
  staticLengthArray,
  staticLengthString,
  structure,
  unsignedInteger,
  variant,
} from '../write.ts';

/** Names that meet everything which needs escaping: keywords, types, leading underscores. */
const fieldName = fc.oneof(
  { weight: 5, arbitrary: fc.stringMatching(/^[a-z][a-z0-9_]{0,6}$/) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'int',
      'event',
      'struct',
      'align',
      '_x',
      '__y',
      'uint8_t',
      '_',
      'id',
      'timestamp',
      'uuid',
    ),
  },
);
const byteOrder = fc.constantFrom('little-endian', 'big-endian');
const text = fc
  .oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 8 }))
  .map((value) => value.replaceAll('\0', ''));

function ranges(length: number, isSigned: boolean): fc.Arbitrary<IntegerRangeSet> {
  const bits = BigInt(length);
  const [min, max] = isSigned ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
  const bound = fc.bigInt({ min, max });
  return fc.array(fc.tuple(bound, bound), { minLength: 1, maxLength: 3 }).map((pairs) =>
    normalizeRanges(
      pairs.map(([a, b]) => (a < b ? ([a, b] as const) : ([b, a] as const))),
      length,
    ),
  );
}

const integer: fc.Arbitrary<FixedLengthIntegerFieldClass> = fc
  .record({
    type: fc.constantFrom('fixed-length-unsigned-integer' as const, 'fixed-length-signed-integer' as const),
    length: fc.oneof(fc.constantFrom(8, 16, 32, 64), fc.integer({ min: 1, max: 64 })),
    alignment: fc.constantFrom(1, 8, 16, 32, 64),
    byteOrder,
    base: fc.constantFrom(undefined, 2 as const, 8 as const, 16 as const),
    isEnumeration: fc.boolean(),
  })
  .chain(({ type, length, alignment, byteOrder: order, base, isEnumeration }) =>
    fc
      .dictionary(
        text.map((label) => `l${label}`),
        ranges(length, type === 'fixed-length-signed-integer'),
        { minKeys: 1, maxKeys: 4, noNullPrototype: true },
      )
      .map((mappings): FixedLengthIntegerFieldClass => ({
        type,
        length,
        byteOrder: order,
        alignment,
        ...(base === undefined ? {} : { preferredDisplayBase: base }),
        ...(isEnumeration ? { mappings } : {}),
      })),
  );

const float: fc.Arbitrary<FieldClass> = fc.record(
  {
    type: fc.constant('fixed-length-floating-point-number' as const),
    length: fc.constantFrom(32, 64),
    byteOrder,
    alignment: fc.constantFrom(8, 32, 64),
  },
  { noNullPrototype: true },
);

/** What stands at one place of a structure: one member, or a sequence or variant with what it refers to. */
type Group = (name: string, isNested: boolean) => readonly StructureMemberClass[];

function single(fieldClass: fc.Arbitrary<FieldClass>): fc.Arbitrary<Group> {
  return fieldClass.map((chosen) => (name: string) => [{ name, fieldClass: chosen }]);
}

const TAG_RANGES = {
  red: [[0, 3]],
  green: [
    [4, 4],
    [9, 12],
  ],
  _int: [[13, 15]],
} as const;

const taggedVariant: fc.Arbitrary<Group> = fc
  .tuple(integer, float, fc.boolean())
  .map(([first, second, isDeep]) => (name: string) => {
    const tag = { name: `${name}_tag`, fieldClass: unsignedInteger(8, { mappings: TAG_RANGES }) };
    const path = isDeep ? [null, tag.name] : [tag.name];
    const chosen = variant({ path }, [
      { name: 'red', fieldClass: first, selectorFieldRanges: TAG_RANGES.red },
      {
        name: 'green',
        fieldClass: structure({
          inner: second,
          own: unsignedInteger(16),
          list: dynamicLengthArray(first, { path: ['own'] }),
        }),
        selectorFieldRanges: TAG_RANGES.green,
      },
      { name: 'int', fieldClass: nullTerminatedString(), selectorFieldRanges: TAG_RANGES._int },
    ]);
    return [tag, { name, fieldClass: isDeep ? structure({ v: chosen }) : chosen }];
  });

/** A length outside of the structure that uses it, under the same name as one inside that it must not mean. */
const shadowedLength: fc.Arbitrary<Group> = integer.map((element) => (name: string) => [
  { name: `${name}_n`, fieldClass: unsignedInteger(32) },
  {
    name,
    fieldClass: structure([
      { name: `${name}_n`, fieldClass: nullTerminatedString() },
      { name: 'list', fieldClass: dynamicLengthArray(element, { path: [null, `${name}_n`] }) },
      { name: 'text', fieldClass: dynamicLengthString({ path: [null, `${name}_n`] }) },
    ]),
  },
]);

const crossScope: fc.Arbitrary<Group> = integer.map((element) => (name: string) => [
  { name, fieldClass: dynamicLengthArray(element, { origin: 'packet-context', path: ['cpu_id'] }) },
]);

const { group, structureClass } = fc.letrec<{ group: Group; structureClass: StructureFieldClass }>((tie) => ({
  group: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    single(integer),
    single(float),
    single(fc.constant(nullTerminatedString())),
    single(fc.nat(20).map(staticLengthString)),
    single(fc.tuple(integer, fc.nat(9)).map(([element, length]) => staticLengthArray(element, length))),
    single(
      fc
        .tuple(float, fc.nat(3), fc.nat(3))
        .map(([element, inner, outer]) => staticLengthArray(staticLengthArray(element, inner), outer)),
    ),
    integer.map((element) => (name: string) => sequenceMembers(name, element)),
    taggedVariant,
    shadowedLength,
    crossScope,
    single(tie('structureClass')),
    single(tie('structureClass').map((element) => staticLengthArray(element, 2))),
  ),
  structureClass: fc
    .tuple(fc.dictionary(fieldName, tie('group'), { maxKeys: 5 }), fc.constantFrom(undefined, 8, 64))
    .map(([groups, minimumAlignment]) => {
      const members = Object.entries(groups).flatMap(([name, make]) => make(name, true));
      const distinct = [...new Map(members.map((member) => [member.name, member])).values()];
      // A group that lost a member to another one's name is left out whole.
      const isWhole = distinct.length === members.length;
      return structure(isWhole ? members : [], minimumAlignment === undefined ? {} : { minimumAlignment });
    }),
}));
void group;

const clockClass: fc.Arbitrary<ClockClass> = fc
  .record({
    frequency: fc.bigInt({ min: 1n, max: 10_000_000_000n }),
    offset: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
    offsetSeconds: fc.bigInt({ min: -(10n ** 9n), max: 10n ** 10n }),
    absolute: fc.boolean(),
    hasUuid: fc.boolean(),
    description: fc.option(text, { nil: undefined }),
    precision: fc.option(fc.bigInt({ min: 0n, max: 10n ** 9n }), { nil: undefined }),
  })
  .map(({ frequency, offset, offsetSeconds, absolute, hasUuid, description, precision }) => ({
    name: 'clock_1',
    ...(hasUuid ? { uuid: '8a3f2f6e-12d9-4dcb-a8aa-0f2a1fd4ef11' } : {}),
    ...(description === undefined ? {} : { description }),
    frequency,
    ...(precision === undefined ? {} : { precision }),
    offsetSeconds,
    offsetCycles: offset % frequency,
    absolute,
  }));

const eventRecordClass: fc.Arbitrary<Omit<EventRecordClass, 'id'>> = fc
  .record({
    name: text.map((value) => `e${value}`),
    logLevel: fc.option(fc.nat(14), { nil: undefined }),
    emfUri: fc.option(
      text.map((value) => `u${value}`),
      { nil: undefined },
    ),
    specificContext: fc.option(structureClass, { nil: undefined }),
    payload: fc.option(structureClass, { nil: undefined }),
  })
  .map(({ name, logLevel, emfUri, specificContext, payload }) => ({
    name,
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(emfUri === undefined ? {} : { emfUri }),
    ...(specificContext === undefined ? {} : { specificContext }),
    ...(payload === undefined ? {} : { payload }),
  }));

export const arbitraryTraceClass: fc.Arbitrary<TraceClass> = fc
  .record({
    clock: clockClass,
    environment: fc.dictionary(
      fc.stringMatching(/^[a-z][a-z0-9_]{0,6}$/),
      fc.oneof(text, fc.bigInt({ min: -(1n << 63n) + 1n, max: (1n << 63n) - 1n })),
      { maxKeys: 4 },
    ),
    streams: fc.array(fc.tuple(fc.boolean(), fc.array(eventRecordClass, { maxLength: 4 })), {
      minLength: 1,
      maxLength: 3,
    }),
  })
  .map(({ clock, environment, streams }) => ({
    uuid: '2a6422d0-6cee-11e0-8c08-cb07d7b3a564',
    byteOrder: 'little-endian' as const,
    environment: new Map(Object.entries(environment)),
    packetHeader: programPacketClasses(clock.name).packetHeader,
    clockClasses: [clock],
    dataStreamClasses: new Map(
      streams.map(([isProgram, events], index): [bigint, DataStreamClass] => {
        const classes = isProgram ? programPacketClasses(clock.name) : kernelPacketClasses(clock.name);
        return [
          BigInt(index),
          {
            id: BigInt(index),
            packetContext: classes.packetContext,
            eventRecordHeader: classes.eventRecordHeader,
            ...(classes.commonContext === undefined ? {} : { commonContext: classes.commonContext }),
            defaultClock: clock,
            eventRecordClasses: new Map(events.map((event, id) => [BigInt(id * 7), { id: BigInt(id * 7), ...event }])),
          },
        ];
      }),
    ),
  }));

export const arbitraryStructure: fc.Arbitrary<StructureFieldClass> = structureClass;
