// SPDX-License-Identifier: MIT
// Field class <-> JSON value, for the class file of a traced program. What is read comes from a
// program that is not trusted: everything is bounded and every surprise is a CtfError that names the
// place. Bounds of ranges that are bigints are decimal strings, since JSON has none.

import { assertUnreachable, CtfError, isPowerOfTwo } from '@lockstep/base';
import type {
  DisplayBase,
  FieldClass,
  FieldLocation,
  FixedLengthIntegerFieldClass,
  IntegerRangeSet,
  Role,
  ScopeName,
  StructureFieldClass,
  VariantFieldClass,
} from './field-class.ts';
import { normalizeRanges } from './make-field-class.ts';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

// Bounds. No tracepoint comes near them; a program that passes one is broken or hostile.
const MAX_DEPTH = 16;
const MAX_FIELD_CLASS_COUNT = 4096;
const MAX_NAME_LENGTH = 256;
const MAX_LABEL_COUNT = 65_536;
const MAX_STATIC_LENGTH = 16 * 1024 * 1024;
const MAX_ALIGNMENT_BITS = 64 * 8;

const SCOPE_NAMES: ReadonlySet<string> = new Set<ScopeName>([
  'packet-header',
  'packet-context',
  'event-record-header',
  'event-record-common-context',
  'event-record-specific-context',
  'event-record-payload',
]);
const ROLES: ReadonlySet<string> = new Set<Role>([
  'packet-magic-number',
  'metadata-stream-uuid',
  'data-stream-class-id',
  'data-stream-id',
  'packet-total-length',
  'packet-content-length',
  'default-clock-timestamp',
  'packet-end-default-clock-timestamp',
  'packet-sequence-number',
  'discarded-event-record-counter-snapshot',
  'event-record-class-id',
]);

export function fieldClassToJson(fieldClass: FieldClass): JsonValue {
  switch (fieldClass.type) {
    case 'fixed-length-unsigned-integer':
    case 'fixed-length-signed-integer': {
      const { mappings, roles, attributes: _, ...rest } = fieldClass;
      return {
        ...rest,
        ...(mappings === undefined
          ? {}
          : {
              mappings: Object.fromEntries(
                Object.entries(mappings).map(([label, ranges]) => [label, rangesToJson(ranges)]),
              ),
            }),
        ...(roles === undefined ? {} : { roles: [...roles] }),
      };
    }
    case 'fixed-length-bit-array':
    case 'fixed-length-boolean':
    case 'fixed-length-floating-point-number':
    case 'null-terminated-string':
    case 'static-length-string': {
      const { attributes: _, ...rest } = fieldClass;
      return rest;
    }
    case 'dynamic-length-string':
      return { type: fieldClass.type, lengthFieldLocation: locationToJson(fieldClass.lengthFieldLocation) };
    case 'structure':
      return {
        type: fieldClass.type,
        memberClasses: fieldClass.memberClasses.map((member) => ({
          name: member.name,
          fieldClass: fieldClassToJson(member.fieldClass),
        })),
        ...optional('minimumAlignment', fieldClass.minimumAlignment),
      };
    case 'static-length-array':
      return {
        type: fieldClass.type,
        elementFieldClass: fieldClassToJson(fieldClass.elementFieldClass),
        length: fieldClass.length,
        ...optional('minimumAlignment', fieldClass.minimumAlignment),
        ...optional('roles', fieldClass.roles === undefined ? undefined : [...fieldClass.roles]),
      };
    case 'dynamic-length-array':
      return {
        type: fieldClass.type,
        elementFieldClass: fieldClassToJson(fieldClass.elementFieldClass),
        lengthFieldLocation: locationToJson(fieldClass.lengthFieldLocation),
        ...optional('minimumAlignment', fieldClass.minimumAlignment),
      };
    case 'variant':
      return {
        type: fieldClass.type,
        options: fieldClass.options.map((option) => ({
          name: option.name,
          fieldClass: fieldClassToJson(option.fieldClass),
          selectorFieldRanges: rangesToJson(option.selectorFieldRanges),
        })),
        selectorFieldLocation: locationToJson(fieldClass.selectorFieldLocation),
      };
    case 'fixed-length-bit-map':
    case 'variable-length-unsigned-integer':
    case 'variable-length-signed-integer':
    case 'static-length-blob':
    case 'dynamic-length-blob':
    case 'optional':
      throw new CtfError('A traced program records no fields of this class.', { type: fieldClass.type });
    default:
      return assertUnreachable(fieldClass);
  }
}

/** Any field class; throws CtfError for everything that is not one. */
export function fieldClassFromJson(value: unknown): FieldClass {
  return new FieldClassReader(true).read(value, 'root', 0);
}

/** The payload of a class line: roles and clock mappings are refused, since packets and their headers are ours alone. */
export function structureFromJson(value: unknown): StructureFieldClass {
  const fieldClass = new FieldClassReader(false).read(value, 'payload', 0);
  if (fieldClass.type !== 'structure')
    throw new CtfError('The payload of an event record class must be a structure.', { type: fieldClass.type });
  return fieldClass;
}

type JsonObject = Readonly<Record<string, unknown>>;

class FieldClassReader {
  readonly #isTiming: boolean;
  #count = 0;
  #labelCount = 0;

  /** `isTiming` allows roles and clock mappings. */
  constructor(isTiming: boolean) {
    this.#isTiming = isTiming;
  }

  read(value: unknown, at: string, depth: number): FieldClass {
    if (depth > MAX_DEPTH) throw new CtfError('A field class is nested too deeply.', { at, limit: MAX_DEPTH });
    if (++this.#count > MAX_FIELD_CLASS_COUNT)
      throw new CtfError('An event record class has too many fields.', { limit: MAX_FIELD_CLASS_COUNT });
    const object = asObject(value, at);
    if (!this.#isTiming && (object['roles'] !== undefined || object['clock'] !== undefined))
      throw new CtfError('A field of a payload cannot have a role or a clock.', { at });
    switch (object['type']) {
      case 'fixed-length-unsigned-integer':
      case 'fixed-length-signed-integer':
        return this.#readInteger(object, object['type'], at);
      case 'fixed-length-bit-array':
      case 'fixed-length-boolean':
        return { type: object['type'], ...readBits(object, at) };
      case 'fixed-length-floating-point-number': {
        const bits = readBits(object, at);
        if (bits.length !== 32 && bits.length !== 64)
          throw new CtfError('A floating-point number must have 32 or 64 bits.', { at, length: bits.length });
        return { type: object['type'], ...bits };
      }
      case 'null-terminated-string':
        return { type: object['type'] };
      case 'static-length-string':
        return { type: object['type'], length: readCount(object['length'], MAX_STATIC_LENGTH, `${at}.length`) };
      case 'dynamic-length-string':
        return { type: object['type'], lengthFieldLocation: readLocation(object['lengthFieldLocation'], at) };
      case 'structure':
        return this.#readStructure(object, at, depth);
      case 'static-length-array':
        return {
          type: object['type'],
          elementFieldClass: this.read(object['elementFieldClass'], `${at}[]`, depth + 1),
          length: readCount(object['length'], MAX_STATIC_LENGTH, `${at}.length`),
          ...readMinimumAlignment(object, at),
          ...readRoles(object, at),
        };
      case 'dynamic-length-array':
        return {
          type: object['type'],
          elementFieldClass: this.read(object['elementFieldClass'], `${at}[]`, depth + 1),
          lengthFieldLocation: readLocation(object['lengthFieldLocation'], at),
          ...readMinimumAlignment(object, at),
        };
      case 'variant':
        return this.#readVariant(object, at, depth);
      default:
        throw new CtfError('This is not the type of a field class.', {
          at,
          type: typeof object['type'] === 'string' ? object['type'].slice(0, 80) : undefined,
        });
    }
  }

  #readStructure(object: JsonObject, at: string, depth: number): StructureFieldClass {
    const names = new Set<string>();
    const memberClasses = asArray(object['memberClasses'], at).map((member) => {
      const entry = asObject(member, at);
      const name = readName(entry['name'], at);
      if (names.has(name)) throw new CtfError('Two members of a structure have the same name.', { at, name });
      names.add(name);
      return { name, fieldClass: this.read(entry['fieldClass'], `${at}.${name}`, depth + 1) };
    });
    return { type: 'structure', memberClasses, ...readMinimumAlignment(object, at) };
  }

  #readVariant(object: JsonObject, at: string, depth: number): VariantFieldClass {
    const names = new Set<string>();
    const options = asArray(object['options'], at).map((option) => {
      const entry = asObject(option, at);
      const name = readName(entry['name'], at);
      if (names.has(name)) throw new CtfError('Two options of a variant have the same name.', { at, name });
      names.add(name);
      const selectorFieldRanges = this.#readRanges(entry['selectorFieldRanges'], at);
      return { name, fieldClass: this.read(entry['fieldClass'], `${at}.${name}`, depth + 1), selectorFieldRanges };
    });
    if (options.length === 0) throw new CtfError('A variant needs at least one option.', { at });
    return { type: 'variant', options, selectorFieldLocation: readLocation(object['selectorFieldLocation'], at) };
  }

  #readInteger(
    object: JsonObject,
    type: FixedLengthIntegerFieldClass['type'],
    at: string,
  ): FixedLengthIntegerFieldClass {
    const bits = readBits(object, at);
    const { preferredDisplayBase: base, mappings, encoding, clock } = object;
    if (base !== undefined && base !== 2 && base !== 8 && base !== 10 && base !== 16)
      throw new CtfError('A display base must be 2, 8, 10 or 16.', { at });
    if (encoding !== undefined && encoding !== 'utf-8') throw new CtfError('The only encoding is utf-8.', { at });
    return {
      type,
      ...bits,
      ...(base === undefined ? {} : { preferredDisplayBase: base satisfies DisplayBase }),
      ...(mappings === undefined ? {} : { mappings: this.#readMappings(mappings, type, bits.length, at) }),
      ...readRoles(object, at),
      ...(encoding === undefined ? {} : { encoding }),
      ...(clock === undefined ? {} : { clock: readName(clock, at) }),
    };
  }

  #readMappings(
    value: unknown,
    type: FixedLengthIntegerFieldClass['type'],
    length: number,
    at: string,
  ): Readonly<Record<string, IntegerRangeSet>> {
    const [lowest, highest] = boundsOf(type, length);
    return Object.fromEntries(
      Object.entries(asObject(value, at)).map(([label, ranges]) => {
        const read = this.#readRanges(ranges, at);
        if (read.some(([lower, upper]) => lower < lowest || upper > highest))
          throw new CtfError('The value of a label does not fit its enumeration.', { at, label: label.slice(0, 80) });
        return [readName(label, at), normalizeRanges(read, length)];
      }),
    );
  }

  /** Bounds as they were written: numbers or, from strings, bigints. */
  #readRanges(value: unknown, at: string): IntegerRangeSet {
    return asArray(value, at).map((range): readonly [bigint | number, bigint | number] => {
      if (++this.#labelCount > MAX_LABEL_COUNT)
        throw new CtfError('The enumerations of an event record class have too many ranges.', {
          at,
          limit: MAX_LABEL_COUNT,
        });
      const bounds = asArray(range, at);
      const [lower, upper] = [readInteger(bounds[0], at), readInteger(bounds[1], at)];
      if (bounds.length !== 2 || lower > upper) throw new CtfError('A range must be two integers in order.', { at });
      return [lower, upper];
    });
  }
}

function boundsOf(type: FixedLengthIntegerFieldClass['type'], length: number): readonly [bigint, bigint] {
  const bits = BigInt(length);
  if (type === 'fixed-length-unsigned-integer') return [0n, (1n << bits) - 1n];
  return [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
}

function rangesToJson(ranges: IntegerRangeSet): JsonValue {
  const bound = (value: bigint | number): JsonValue => (typeof value === 'bigint' ? String(value) : value);
  return ranges.map(([lower, upper]) => [bound(lower), bound(upper)]);
}

function locationToJson(location: FieldLocation): JsonValue {
  return { ...optional('origin', location.origin), path: [...location.path] };
}

function optional(name: string, value: JsonValue | undefined): { readonly [key: string]: JsonValue } {
  return value === undefined ? {} : { [name]: value };
}

function readBits(
  object: JsonObject,
  at: string,
): { readonly length: number; readonly byteOrder: 'little-endian' | 'big-endian'; readonly alignment: number } {
  const { byteOrder } = object;
  const length = readCount(object['length'], 64, `${at}.length`);
  if (length === 0) throw new CtfError('A field of fixed length needs at least one bit.', { at });
  if (byteOrder !== 'little-endian' && byteOrder !== 'big-endian')
    throw new CtfError('A byte order must be little-endian or big-endian.', { at });
  return { length, byteOrder, alignment: readAlignment(object['alignment'], at) };
}

function readMinimumAlignment(object: JsonObject, at: string): { readonly minimumAlignment?: number } {
  const value = object['minimumAlignment'];
  return value === undefined ? {} : { minimumAlignment: readAlignment(value, at) };
}

function readAlignment(value: unknown, at: string): number {
  if (typeof value !== 'number' || !isPowerOfTwo(value) || value > MAX_ALIGNMENT_BITS) {
    throw new CtfError('An alignment must be a power of two of at most 512 bits.', { at });
  }
  return value;
}

function readRoles(object: JsonObject, at: string): { readonly roles?: readonly Role[] } {
  if (object['roles'] === undefined) return {};
  return {
    roles: asArray(object['roles'], at).map((role) => {
      if (!isRole(role)) throw new CtfError('A field has a role that does not exist.', { at });
      return role;
    }),
  };
}

function isRole(value: unknown): value is Role {
  return typeof value === 'string' && ROLES.has(value);
}

function readLocation(value: unknown, at: string): FieldLocation {
  const object = asObject(value, at);
  const path = asArray(object['path'], at).map((step) => (step === null ? null : readName(step, at)));
  if (path.length === 0 || path.length > 2 * MAX_DEPTH || path.at(-1) === null)
    throw new CtfError('A field location must end with a name.', { at });
  const { origin } = object;
  if (origin === undefined) return { path };
  if (!isScopeName(origin)) throw new CtfError('The origin of a field location must be one of the six scopes.', { at });
  return { origin, path };
}

function isScopeName(value: unknown): value is ScopeName {
  return typeof value === 'string' && SCOPE_NAMES.has(value);
}

function readName(value: unknown, at: string): string {
  if (typeof value !== 'string' || value.length > MAX_NAME_LENGTH)
    throw new CtfError('A name must be text of at most 256 characters.', { at });
  return value;
}

function readCount(value: unknown, limit: number, at: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > limit)
    throw new CtfError('A length is out of its bounds.', { at, limit });
  return value;
}

function readInteger(value: unknown, at: string): bigint | number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value === 'string' && /^-?[0-9]{1,20}$/.test(value)) return BigInt(value);
  throw new CtfError('A bound of a range must be an integer.', { at });
}

function asObject(value: unknown, at: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CtfError('An object was expected here.', { at });
  return value as JsonObject;
}

function asArray(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new CtfError('A list was expected here.', { at });
  if (value.length > MAX_LABEL_COUNT) throw new CtfError('A list is too long.', { at, limit: MAX_LABEL_COUNT });
  return value as readonly unknown[];
}
