// SPDX-License-Identifier: MIT
// What both decoders ask of field classes before the first byte is read: alignment, the least size,
// and which integer a length or selector means. The last becomes a *slot*: the decoder of the integer
// puts its value there, the decoder of the array, string or variant takes it.

import { assertUnreachable, CtfError, isPowerOfTwo } from '@lockstep/base';
import type {
  FieldClass,
  FieldLocation,
  FixedLengthIntegerFieldClass,
  ScopeName,
  StructureFieldClass,
  VariantFieldClass,
} from '../model/field-class.ts';
import type { DataStreamClass, EventRecordClass, TraceClass } from '../model/trace-class.ts';

/** Deeper nesting is refused: it is an attack on the stack, not a trace. */
const DEEPEST_NESTING = 64;
/** Bits. Greater ones would let one field step over a whole packet's 32-bit range. */
const GREATEST_ALIGNMENT = 2 ** 23;
/** Bits, bytes or elements: more than a packet can hold. */
const GREATEST_LENGTH = 2 ** 31;

/** Bits that a field of the class is aligned to. A variant has its option's, known only when it is read. */
export function alignmentOf(fc: FieldClass): number {
  switch (fc.type) {
    case 'fixed-length-bit-array':
    case 'fixed-length-boolean':
    case 'fixed-length-unsigned-integer':
    case 'fixed-length-signed-integer':
    case 'fixed-length-floating-point-number':
      return fc.alignment;
    case 'null-terminated-string':
    case 'static-length-string':
    case 'dynamic-length-string':
      return 8;
    case 'structure':
      return fc.memberClasses.reduce(
        (most, member) => Math.max(most, alignmentOf(member.fieldClass)),
        fc.minimumAlignment ?? 1,
      );
    case 'static-length-array':
    case 'dynamic-length-array':
      return Math.max(fc.minimumAlignment ?? 1, alignmentOf(fc.elementFieldClass));
    case 'variant':
      return 1;
    default:
      return assertUnreachable(fc);
  }
}

/** Fewest bits that a field of the class takes, padding aside; what bounds the length of an array. */
export function leastSizeOf(fc: FieldClass): number {
  switch (fc.type) {
    case 'fixed-length-bit-array':
    case 'fixed-length-boolean':
    case 'fixed-length-unsigned-integer':
    case 'fixed-length-signed-integer':
    case 'fixed-length-floating-point-number':
      return fc.length;
    case 'null-terminated-string':
      return 8;
    case 'static-length-string':
      return fc.length * 8;
    case 'dynamic-length-string':
    case 'dynamic-length-array':
      return 0;
    case 'structure':
      return fc.memberClasses.reduce((sum, member) => sum + leastSizeOf(member.fieldClass), 0);
    case 'static-length-array':
      return fc.length * leastSizeOf(fc.elementFieldClass);
    case 'variant':
      return fc.options.length === 0 ? 0 : Math.min(...fc.options.map((option) => leastSizeOf(option.fieldClass)));
    default:
      return assertUnreachable(fc);
  }
}

export interface Scope {
  readonly name: ScopeName;
  readonly fieldClass: StructureFieldClass;
  /** Unique in the trace class: scopes of different classes do not share slots. */
  readonly key: string;
}

/** A structure that encloses a field, and the key of it. */
export interface Enclosing {
  readonly fieldClass: FieldClass;
  readonly key: string;
}

/** Slots of a trace class: which keys are wanted, and where consumers find theirs. */
export class SlotTable {
  readonly #slotOfKey = new Map<string, number>();
  /** By consumer's key: a class object may be shared by several places of the metadata. */
  readonly #slotOfConsumer = new Map<string, { slot: number; fieldClass: FixedLengthIntegerFieldClass }>();

  constructor(traceClass: TraceClass) {
    const header = packetHeaderScope(traceClass);
    for (const dsc of traceClass.dataStreamClasses.values()) {
      const outer = [...header, ...dataStreamScopes(dsc)];
      for (const scope of outer) this.#collect(scope, outer);
      for (const erc of dsc.eventRecordClasses.values()) {
        const own = eventRecordScopes(dsc, erc);
        const all = [...outer, ...own];
        for (const scope of own) this.#collect(scope, all);
      }
    }
  }

  /** Slot that the integer at `key` must be saved to, if any field names it. */
  producedBy(key: string): number | undefined {
    return this.#slotOfKey.get(key);
  }

  /** Slot that the array, string or variant at `key` takes its length or selector from. */
  consumedBy(key: string): { readonly slot: number; readonly fieldClass: FixedLengthIntegerFieldClass } {
    const found = this.#slotOfConsumer.get(key);
    if (found === undefined)
      throw new CtfError('A length or selector field is not where the metadata says.', { field: key });
    return found;
  }

  /** Slots whose integers lie in the scope. */
  producedIn(scope: Scope): number[] {
    return [...this.#slotOfKey].filter(([key]) => key.startsWith(`${scope.key}/`)).map(([, slot]) => slot);
  }

  #collect(scope: Scope, scopes: readonly Scope[]): void {
    const visit = (fc: FieldClass, key: string, enclosing: readonly Enclosing[]): void => {
      check(fc, key, enclosing.length + key.split('/').length);
      switch (fc.type) {
        case 'structure': {
          const inner = [...enclosing, { fieldClass: fc, key }];
          for (const member of fc.memberClasses) visit(member.fieldClass, memberKey(key, member.name), inner);
          break;
        }
        case 'static-length-array':
          visit(fc.elementFieldClass, elementKey(key), enclosing);
          break;
        case 'dynamic-length-array':
          this.#consume(key, fc.lengthFieldLocation, enclosing, scopes);
          visit(fc.elementFieldClass, elementKey(key), enclosing);
          break;
        case 'dynamic-length-string':
          this.#consume(key, fc.lengthFieldLocation, enclosing, scopes);
          break;
        case 'variant':
          this.#consume(key, fc.selectorFieldLocation, enclosing, scopes);
          for (const option of fc.options) visit(option.fieldClass, memberKey(key, option.name), enclosing);
          break;
        default:
          break;
      }
    };
    visit(scope.fieldClass, scope.key, []);
  }

  #consume(key: string, location: FieldLocation, enclosing: readonly Enclosing[], scopes: readonly Scope[]): void {
    const target = resolveLocation(location, enclosing, scopes, memberKey);
    if (target === undefined || !isInteger(target.fieldClass)) {
      throw new CtfError('A length or selector field does not exist or is no integer.', {
        field: key,
        location: location.path.map((part) => part ?? '..').join('.'),
      });
    }
    const slot = this.#slotOfKey.get(target.key) ?? this.#slotOfKey.size;
    this.#slotOfKey.set(target.key, slot);
    this.#slotOfConsumer.set(key, { slot, fieldClass: target.fieldClass });
  }
}

/** Refuses what no decoder can do, once, so that neither has to. `depth` is a bound from above. */
function check(fc: FieldClass, key: string, depth: number): void {
  if (depth > DEEPEST_NESTING * 2) throw new CtfError('Field classes are nested too deeply.', { field: key });
  const alignment = 'alignment' in fc ? fc.alignment : 'minimumAlignment' in fc ? (fc.minimumAlignment ?? 1) : 1;
  if (!isPowerOfTwo(alignment) || alignment > GREATEST_ALIGNMENT) {
    throw new CtfError('An alignment is no power of two up to 2^23 bits.', { field: key, alignment });
  }
  if ('length' in fc && (!Number.isSafeInteger(fc.length) || fc.length < 0 || fc.length > GREATEST_LENGTH)) {
    throw new CtfError('A length is negative or too great.', { field: key, length: fc.length });
  }
  if ('byteOrder' in fc && fc.length === 0) throw new CtfError('A field of bits has no bits.', { field: key });
  if (fc.type === 'fixed-length-floating-point-number' && fc.length !== 32 && fc.length !== 64) {
    throw new CtfError('Floating point numbers are read with 32 and 64 bits only.', { field: key, length: fc.length });
  }
}

function isInteger(fc: FieldClass): fc is FixedLengthIntegerFieldClass {
  return fc.type === 'fixed-length-unsigned-integer' || fc.type === 'fixed-length-signed-integer';
}

/**
 * Finds what a location means: from its scope's root, or from the innermost enclosing structure that
 * has it. `join` makes the key of a member (or, in a variant, an option) from that of its parent.
 */
export function resolveLocation(
  location: FieldLocation,
  enclosing: readonly Enclosing[],
  scopes: readonly (Enclosing & { readonly name: ScopeName })[],
  join: (key: string, name: string, isOption: boolean) => string,
): Enclosing | undefined {
  if (location.origin !== undefined) {
    const scope = scopes.find((candidate) => candidate.name === location.origin);
    return scope === undefined ? undefined : descend(scope, location.path, join);
  }
  let depth = enclosing.length;
  let path = location.path;
  while (path.length > 0 && path[0] === null) {
    depth--;
    path = path.slice(1);
  }
  for (; depth > 0; depth--) {
    const start = enclosing[depth - 1];
    const found = start === undefined ? undefined : descend(start, path, join);
    if (found !== undefined) return found;
  }
  return undefined;
}

function descend(
  start: Enclosing,
  path: readonly (string | null)[],
  join: (key: string, name: string, isOption: boolean) => string,
): Enclosing | undefined {
  let at: Enclosing | undefined = start;
  for (const part of path) {
    if (at === undefined || part === null) return undefined;
    const members: readonly { readonly name: string; readonly fieldClass: FieldClass }[] =
      at.fieldClass.type === 'structure'
        ? at.fieldClass.memberClasses
        : at.fieldClass.type === 'variant'
          ? at.fieldClass.options
          : [];
    const member = members.find((candidate) => candidate.name === part);
    at =
      member === undefined
        ? undefined
        : { fieldClass: member.fieldClass, key: join(at.key, part, at.fieldClass.type === 'variant') };
  }
  return at;
}

/** `/` cannot be confused with a name's own: it is escaped there. */
export function memberKey(key: string, name: string): string {
  return `${key}/${name.replaceAll('/', '//')}`;
}

export function elementKey(key: string): string {
  return `${key}/[]`;
}

export function packetHeaderScope(traceClass: TraceClass): Scope[] {
  return traceClass.packetHeader === undefined
    ? []
    : [{ name: 'packet-header', fieldClass: traceClass.packetHeader, key: 'header' }];
}

export function packetContextScope(dsc: DataStreamClass): Scope[] {
  return dsc.packetContext === undefined
    ? []
    : [{ name: 'packet-context', fieldClass: dsc.packetContext, key: `${dsc.id}:packet-context` }];
}

export function eventRecordHeaderScope(dsc: DataStreamClass): Scope[] {
  return dsc.eventRecordHeader === undefined
    ? []
    : [{ name: 'event-record-header', fieldClass: dsc.eventRecordHeader, key: `${dsc.id}:event-record-header` }];
}

export function commonContextScope(dsc: DataStreamClass): Scope[] {
  return dsc.commonContext === undefined
    ? []
    : [{ name: 'event-record-common-context', fieldClass: dsc.commonContext, key: `${dsc.id}:common-context` }];
}

function dataStreamScopes(dsc: DataStreamClass): Scope[] {
  return [...packetContextScope(dsc), ...eventRecordHeaderScope(dsc), ...commonContextScope(dsc)];
}

export function eventRecordScopes(dsc: DataStreamClass, erc: EventRecordClass): Scope[] {
  const scopes: Scope[] = [];
  const key = `${dsc.id}:${erc.id}`;
  if (erc.specificContext !== undefined) {
    scopes.push({
      name: 'event-record-specific-context',
      fieldClass: erc.specificContext,
      key: `${key}:specific-context`,
    });
  }
  if (erc.payload !== undefined)
    scopes.push({ name: 'event-record-payload', fieldClass: erc.payload, key: `${key}:payload` });
  return scopes;
}

/** Name of the decode state's property that holds a scope's value. */
export type ScopeProperty =
  | 'packetHeader'
  | 'packetContext'
  | 'eventRecordHeader'
  | 'commonContext'
  | 'specificContext'
  | 'payload';

export const SCOPE_PROPERTY: Readonly<Record<ScopeName, ScopeProperty>> = {
  'packet-header': 'packetHeader',
  'packet-context': 'packetContext',
  'event-record-header': 'eventRecordHeader',
  'event-record-common-context': 'commonContext',
  'event-record-specific-context': 'specificContext',
  'event-record-payload': 'payload',
};

/** Ranges of a variant's options by position, the first that matches is taken. */
export function optionRanges(
  fc: VariantFieldClass,
): { readonly lower: bigint; readonly upper: bigint; readonly option: number }[] {
  return fc.options.flatMap((option, index) =>
    option.selectorFieldRanges.map(([lower, upper]) => ({ lower: BigInt(lower), upper: BigInt(upper), option: index })),
  );
}

/** What an integer with roles sets in the decode state; shared by both decoders. */
export type RoleEffect =
  | { readonly kind: 'set'; readonly property: string }
  | { readonly kind: 'packet-begin' }
  | { readonly kind: 'clock' };

export function roleEffects(fc: FixedLengthIntegerFieldClass, scope: ScopeName): RoleEffect[] {
  const effects: RoleEffect[] = [];
  let isClock = fc.clock !== undefined;
  for (const role of fc.roles ?? []) {
    switch (role) {
      case 'packet-magic-number':
        effects.push({ kind: 'set', property: 'packetMagic' });
        break;
      case 'data-stream-class-id':
        effects.push({ kind: 'set', property: 'dataStreamClassId' });
        break;
      case 'data-stream-id':
        effects.push({ kind: 'set', property: 'dataStreamId' });
        break;
      case 'packet-total-length':
        effects.push({ kind: 'set', property: 'packetTotalLength' });
        break;
      case 'packet-content-length':
        effects.push({ kind: 'set', property: 'packetContentLength' });
        break;
      case 'packet-sequence-number':
        effects.push({ kind: 'set', property: 'packetSequenceNumber' });
        break;
      case 'discarded-event-record-counter-snapshot':
        effects.push({ kind: 'set', property: 'discardedCounter' });
        break;
      case 'event-record-class-id':
        effects.push({ kind: 'set', property: 'eventRecordClassId' });
        break;
      case 'packet-end-default-clock-timestamp':
        // It lies ahead of the packet's records, so it must not move the clock before them.
        isClock = false;
        effects.push({ kind: 'set', property: 'packetEnd' });
        return effects;
      case 'default-clock-timestamp':
        isClock = true;
        break;
      case 'metadata-stream-uuid':
        break;
      default:
        assertUnreachable(role);
    }
  }
  if (isClock && fc.type === 'fixed-length-unsigned-integer') {
    effects.push({ kind: 'clock' });
    if (scope === 'packet-context') effects.push({ kind: 'packet-begin' });
  }
  return effects;
}
