// SPDX-License-Identifier: MIT
// What both decoders ask of field classes before the first byte is read: alignment, the least size,
// and which integer a length or selector means. The last becomes a *slot*: the decoder of the integer
// puts its value there, the decoder of the array, string or variant takes it.

import { assertUnreachable, CtfError, isPowerOfTwo, type ErrorPairs } from '@lockstep/base';
import {
  codeUnitSize,
  isIntegerFieldClass,
  type FieldClass,
  type FieldLocation,
  type IntegerFieldClass,
  type IntegerRangeSet,
  type ScopeName,
  type SelectorFieldClass,
  type StructureFieldClass,
  type VariantFieldClass,
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
    case 'fixed-length-bit-map':
    case 'fixed-length-boolean':
    case 'fixed-length-unsigned-integer':
    case 'fixed-length-signed-integer':
    case 'fixed-length-floating-point-number':
      return fc.alignment;
    case 'variable-length-unsigned-integer':
    case 'variable-length-signed-integer':
    case 'null-terminated-string':
    case 'static-length-string':
    case 'dynamic-length-string':
    case 'static-length-blob':
    case 'dynamic-length-blob':
      return 8;
    case 'structure':
      return fc.memberClasses.reduce(
        (most, member) => Math.max(most, alignmentOf(member.fieldClass)),
        fc.minimumAlignment ?? 1,
      );
    case 'static-length-array':
    case 'dynamic-length-array':
      return Math.max(fc.minimumAlignment ?? 1, alignmentOf(fc.elementFieldClass));
    case 'optional':
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
    case 'fixed-length-bit-map':
    case 'fixed-length-boolean':
    case 'fixed-length-unsigned-integer':
    case 'fixed-length-signed-integer':
    case 'fixed-length-floating-point-number':
      return fc.length;
    case 'variable-length-unsigned-integer':
    case 'variable-length-signed-integer':
      return 8;
    case 'null-terminated-string':
      return 8 * codeUnitSize(fc.encoding);
    case 'static-length-string':
    case 'static-length-blob':
      return fc.length * 8;
    case 'dynamic-length-string':
    case 'dynamic-length-blob':
    case 'dynamic-length-array':
    case 'optional':
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

export type MakeError = (fc: FieldClass, sentence: string, pairs: ErrorPairs) => CtfError;

/** What a consumer knows of its slot. */
export interface Slot {
  readonly slot: number;
  /** Whether the value may be a bigint. */
  readonly isWide: boolean;
}

const NO_SLOTS: readonly number[] = [];

/** Slots of a trace class: which keys are wanted, and where consumers find theirs. */
export class SlotTable {
  readonly #slotsOfKey = new Map<string, number[]>();
  /** By the keys of all fields that a location may mean: those of several options of a variant. */
  readonly #slotOfTargets = new Map<string, Slot>();
  /** By consumer's key: a class object may be shared by several places of the metadata. */
  readonly #slotOfConsumer = new Map<string, Slot>();
  readonly #slotsOfScope = new Map<string, Set<number>>();
  /** Slots that select options: those of lengths may be numbers where values are not wanted. */
  readonly #selectors = new Set<number>();
  /** Keys of what is decoded before the place that is being visited. */
  readonly #visitedOuter = new Set<string>();
  #visited: Set<string> = this.#visitedOuter;
  /** Bits. */
  greatestAlignment = 1;
  #hasLittleBits = false;
  #hasBigBits = false;

  readonly #makeError: MakeError;

  /** `makeError` says where a field class stands, for those who know. */
  constructor(traceClass: TraceClass, makeError: MakeError = (_, sentence, pairs) => new CtfError(sentence, pairs)) {
    this.#makeError = makeError;
    const header = packetHeaderScope(traceClass);
    for (const dsc of traceClass.dataStreamClasses.values()) {
      const outer = [...header, ...dataStreamScopes(dsc)];
      this.#visited = this.#visitedOuter;
      for (const scope of outer) this.#collect(scope, outer);
      for (const erc of dsc.eventRecordClasses.values()) {
        const own = eventRecordScopes(dsc, erc);
        const all = [...outer, ...own];
        this.#visited = new Set();
        for (const scope of own) this.#collect(scope, all);
      }
    }
  }

  /** Whether fields of bits of both byte orders may meet in one byte, which is an error. */
  get mixesByteOrders(): boolean {
    return this.#hasLittleBits && this.#hasBigBits;
  }

  /** Slots that the integer or boolean at `key` must be saved to: none if no field names it. */
  producedBy(key: string): readonly number[] {
    return this.#slotsOfKey.get(key) ?? NO_SLOTS;
  }

  /** Whether slots only give lengths, for which a rounded number does: what is beyond 2^53 is too long anyway. */
  areLengths(slots: readonly number[]): boolean {
    return slots.every((slot) => !this.#selectors.has(slot));
  }

  /** Slot that the field at `key` takes its length or selector from. */
  consumedBy(key: string): Slot {
    const found = this.#slotOfConsumer.get(key);
    if (found === undefined)
      throw new CtfError('A length or selector field is not where the metadata says.', { field: key });
    return found;
  }

  /** Slots whose integers lie in the scope. */
  producedIn(scope: Scope): number[] {
    return [...(this.#slotsOfScope.get(scope.key) ?? [])];
  }

  #collect(scope: Scope, scopes: readonly Scope[]): void {
    const visit = (fc: FieldClass, key: string, enclosing: readonly Enclosing[], depth: number): void => {
      this.greatestAlignment = Math.max(this.greatestAlignment, check(fc, key, depth));
      if ('byteOrder' in fc && (fc.alignment % 8 !== 0 || fc.length % 8 !== 0)) {
        if (fc.byteOrder === 'little-endian') this.#hasLittleBits = true;
        else this.#hasBigBits = true;
      }
      if (fc.type === 'fixed-length-boolean' || isInteger(fc)) this.#visited.add(key);
      const deeper = depth + 1;
      switch (fc.type) {
        case 'structure': {
          const inner = [...enclosing, { fieldClass: fc, key }];
          for (const member of fc.memberClasses) visit(member.fieldClass, memberKey(key, member.name), inner, deeper);
          break;
        }
        case 'static-length-array':
          visit(fc.elementFieldClass, elementKey(key), enclosing, deeper);
          break;
        case 'dynamic-length-array':
          this.#consume(fc, key, fc.lengthFieldLocation, { enclosing, scopes });
          visit(fc.elementFieldClass, elementKey(key), enclosing, deeper);
          break;
        case 'dynamic-length-string':
        case 'dynamic-length-blob':
          this.#consume(fc, key, fc.lengthFieldLocation, { enclosing, scopes });
          break;
        case 'optional':
          this.#consume(fc, key, fc.selectorFieldLocation, {
            enclosing,
            scopes,
            isBoolean: fc.selectorFieldRanges === undefined,
          });
          visit(fc.fieldClass, elementKey(key), enclosing, deeper);
          break;
        case 'variant':
          this.#consume(fc, key, fc.selectorFieldLocation, { enclosing, scopes });
          fc.options.forEach((option, index) =>
            visit(option.fieldClass, optionKey(key, option.name, index), enclosing, deeper),
          );
          break;
        default:
          break;
      }
    };
    visit(scope.fieldClass, scope.key, [], 1);
  }

  #consume(fc: FieldClass, key: string, location: FieldLocation, consumer: Consumer): void {
    const targets = resolveLocations(location, key, consumer.enclosing, consumer.scopes);
    const isRight = (fc: FieldClass): fc is SelectorFieldClass =>
      consumer.isBoolean === true ? fc.type === 'fixed-length-boolean' : isInteger(fc);
    const right = targets.filter((target) => isRight(target.fieldClass));
    if (right.length === 0) {
      throw this.#makeError(
        fc,
        consumer.isBoolean === true
          ? 'A selector field does not exist or is no boolean.'
          : 'A length or selector field does not exist or is no integer.',
        { field: key, location: location.path.map((part) => part ?? '..').join('.') },
      );
    }
    if (!right.every((target) => this.#visited.has(target.key) || this.#visitedOuter.has(target.key))) {
      throw this.#makeError(fc, 'A length or selector field comes after the field that needs it.', {
        field: key,
        location: location.path.map((part) => part ?? '..').join('.'),
      });
    }
    const slot = this.#slotOf(right);
    this.#slotOfConsumer.set(key, slot);
    if (fc.type === 'variant' || fc.type === 'optional') this.#selectors.add(slot.slot);
  }

  #slotOf(targets: readonly Enclosing[]): Slot {
    const name = targets.map((target) => target.key).join('\n');
    const known = this.#slotOfTargets.get(name);
    if (known !== undefined) return known;
    const made: Slot = {
      slot: this.#slotOfTargets.size,
      isWide: targets.some(({ fieldClass }) => !('length' in fieldClass) || fieldClass.length > WIDEST_NUMBER),
    };
    this.#slotOfTargets.set(name, made);
    for (const { key } of targets) {
      const slots = this.#slotsOfKey.get(key);
      if (slots === undefined) this.#slotsOfKey.set(key, [made.slot]);
      else slots.push(made.slot);
      const scope = key.slice(0, key.indexOf('/'));
      let inScope = this.#slotsOfScope.get(scope);
      if (inScope === undefined) this.#slotsOfScope.set(scope, (inScope = new Set()));
      inScope.add(made.slot);
    }
    return made;
  }
}

/** Slots of a trace class; throws what `makeError` makes where a length or selector is not to be found. */
export function makeSlotTable(traceClass: TraceClass, makeError?: MakeError): SlotTable {
  return new SlotTable(traceClass, makeError);
}

interface Consumer {
  readonly enclosing: readonly Enclosing[];
  readonly scopes: readonly Scope[];
  readonly isBoolean?: boolean;
}

/** Integers above this many bits are bigints, by class. */
export const WIDEST_NUMBER = 53;

export function isInRanges(ranges: IntegerRangeSet, value: number | bigint): boolean {
  return ranges.some(([lower, upper]) => value >= lower && value <= upper);
}

/** Refuses what no decoder can do, once, so that neither has to. Returns the alignment that the class itself wants. */
function check(fc: FieldClass, key: string, depth: number): number {
  if (depth > DEEPEST_NESTING * 2) throw new CtfError('Field classes are nested too deeply.', { field: key });
  const alignment = 'byteOrder' in fc ? fc.alignment : 'minimumAlignment' in fc ? (fc.minimumAlignment ?? 1) : 1;
  if (!isPowerOfTwo(alignment) || alignment > GREATEST_ALIGNMENT) {
    throw new CtfError('An alignment is no power of two up to 2^23 bits.', { field: key, alignment });
  }
  if ('length' in fc && (!Number.isSafeInteger(fc.length) || fc.length < 0 || fc.length > GREATEST_LENGTH)) {
    throw new CtfError('A length is negative or too great.', { field: key, length: fc.length });
  }
  if ('byteOrder' in fc && fc.length === 0) throw new CtfError('A field of bits has no bits.', { field: key });
  if (fc.type === 'fixed-length-floating-point-number' && !isFloatLength(fc.length)) {
    throw new CtfError('A floating point number has 16, 32, 64, 128 or a greater multiple of 32 bits.', {
      field: key,
      length: fc.length,
    });
  }
  return alignment;
}

/** IEEE 754's interchange formats; longer ones than 4096 bits are an attack. */
export function isFloatLength(length: number): boolean {
  return length === 16 || length === 32 || length === 64 || (length >= 128 && length % 32 === 0 && length <= 4096);
}

function isInteger(fc: FieldClass): fc is IntegerFieldClass {
  return isIntegerFieldClass(fc);
}

/** More targets of one location than this are an attack: options of variants within variants. */
const MOST_TARGETS = 256;

/**
 * All fields that a location may mean: several where the way leads through a variant, of which the
 * one decoded last counts. The way may lead into an array or an option only if the consumer lies in it.
 */
function resolveLocations(
  location: FieldLocation,
  consumerKey: string,
  enclosing: readonly Enclosing[],
  scopes: readonly Scope[],
): Enclosing[] {
  if (location.origin !== undefined) {
    const scope = scopes.find((candidate) => candidate.name === location.origin);
    return scope === undefined ? [] : descendAll(scope, location.path, consumerKey);
  }
  let depth = enclosing.length;
  let path = location.path;
  while (path.length > 0 && path[0] === null) {
    depth--;
    path = path.slice(1);
  }
  const start = enclosing[depth - 1];
  return start === undefined ? [] : descendAll(start, path, consumerKey);
}

/** Follows a path; `null` goes back to the structure around. */
function descendAll(start: Enclosing, path: readonly (string | null)[], consumerKey: string): Enclosing[] {
  let ways: (readonly Enclosing[])[] = [[start]];
  for (const part of path) {
    ways =
      part === null
        ? ways.map((way) => way.slice(0, -1)).filter((way) => way.length > 0)
        : ways.flatMap((way) => follow(way.at(-1)!, part, consumerKey).map((target) => [...way, target]));
    if (ways.length > MOST_TARGETS) return [];
  }
  return ways.flatMap((way) => effectiveFields(way.at(-1)!, consumerKey));
}

/** What a field can be once it is decoded: an option, an optional field, the element that is being decoded. */
function effectiveFields(target: Enclosing, consumerKey: string): Enclosing[] {
  const { fieldClass, key } = target;
  const inner = elementKey(key);
  switch (fieldClass.type) {
    case 'variant':
      return fieldClass.options.flatMap((option, index) =>
        effectiveFields({ fieldClass: option.fieldClass, key: optionKey(key, option.name, index) }, consumerKey),
      );
    case 'optional':
      return effectiveFields({ fieldClass: fieldClass.fieldClass, key: inner }, consumerKey);
    case 'static-length-array':
    case 'dynamic-length-array':
      return consumerKey === inner || consumerKey.startsWith(`${inner}/`)
        ? effectiveFields({ fieldClass: fieldClass.elementFieldClass, key: inner }, consumerKey)
        : [];
    default:
      return [target];
  }
}

function follow(at: Enclosing, name: string, consumerKey: string): Enclosing[] {
  const found = effectiveFields(at, consumerKey).flatMap(({ fieldClass, key }) => {
    const member =
      fieldClass.type === 'structure'
        ? fieldClass.memberClasses.find((candidate) => candidate.name === name)
        : undefined;
    return member === undefined ? [] : [{ fieldClass: member.fieldClass, key: memberKey(key, name) }];
  });
  if (found.length > 0 || at.fieldClass.type !== 'variant') return found;
  // CTF 1.8 names the option; CTF 2 names only members.
  const index = at.fieldClass.options.findIndex((option) => option.name === name);
  const option = at.fieldClass.options[index];
  return option === undefined ? [] : [{ fieldClass: option.fieldClass, key: optionKey(at.key, name, index) }];
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

/** Key of a variant's option: options may be without names. */
export function optionKey(key: string, name: string, index: number): string {
  return `${key}/<${index}>${name.replaceAll('/', '//')}`;
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

export function roleEffects(fc: IntegerFieldClass, scope: ScopeName): RoleEffect[] {
  const effects: RoleEffect[] = [];
  let isClock = 'clock' in fc && fc.clock !== undefined;
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
  if (isClock && fc.type.endsWith('unsigned-integer')) {
    effects.push({ kind: 'clock' });
    if (scope === 'packet-context') effects.push({ kind: 'packet-begin' });
  }
  return effects;
}
