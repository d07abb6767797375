// SPDX-License-Identifier: MIT
// CTF 2's field classes: JSON objects and names of aliases in, field classes of the model out
// (CTF2-SPEC-2.0, section 5.3). Roles are kept as written; json-scope-roles.ts checks them where a
// field class becomes the root of a scope.

import type {
  Attributes,
  BitOrder,
  ByteOrder,
  FieldClass,
  FieldLocation,
  IntegerRangeSet,
  Role,
  ScopeName,
  StringEncoding,
  StructureFieldClass,
  StructureMemberClass,
  VariantOption,
} from '../model/field-class.ts';
import { normalizeRanges } from '../model/make-field-class.ts';
import { isFloatLength } from '../read/field-layout.ts';
import type { FragmentReader } from './fragment-reader.ts';
import type { JsonNode, JsonObjectNode } from './json-parser.ts';

/** Bits. As in TSDL: longer fields are an attack. */
const LONGEST_FIELD = 4096;
const GREATEST_LENGTH = 2 ** 31;
/** Field classes of a metadata stream, aliases counted wherever they are used. */
const MOST_FIELD_CLASSES = 2_000_000;
/** The namespace of what CTF 2 has no property for and Lockstep writes. */
export const OWN_NAMESPACE = 'lockstep';

const BYTE_ORDERS: readonly ByteOrder[] = ['little-endian', 'big-endian'];
const BIT_ORDERS: readonly BitOrder[] = ['first-to-last', 'last-to-first'];
const ENCODINGS: readonly StringEncoding[] = ['utf-8', 'utf-16be', 'utf-16le', 'utf-32be', 'utf-32le'];
const SCOPES: readonly ScopeName[] = [
  'packet-header',
  'packet-context',
  'event-record-header',
  'event-record-common-context',
  'event-record-specific-context',
  'event-record-payload',
];
export const ROLES: readonly Role[] = [
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
];

interface Alias {
  readonly fieldClass: FieldClass;
  /** Field classes that it is made of. */
  readonly count: number;
}

export class JsonFieldClasses {
  /** Where a field class stands in the text, for errors that are found later. */
  readonly offsets = new WeakMap<FieldClass, number>();
  readonly #reader: FragmentReader;
  readonly #aliases = new Map<string, Alias>();
  #count = 0;

  constructor(reader: FragmentReader) {
    this.#reader = reader;
  }

  addAlias(fragment: JsonObjectNode): void {
    const reader = this.#reader;
    const name = reader.string(fragment, 'name');
    if (this.#aliases.has(name)) throw reader.error(`Two aliases have the name "${name}".`, fragment.offset);
    const before = this.#count;
    const fieldClass = this.property(fragment, 'field-class');
    this.#aliases.set(name, { fieldClass, count: this.#count - before });
  }

  /** The root of a scope: a structure. */
  optionalStructure(fragment: JsonObjectNode, name: string): StructureFieldClass | undefined {
    const node = fragment.members.get(name);
    if (node === undefined) return undefined;
    const fieldClass = this.#read(node, name);
    if (fieldClass.type !== 'structure')
      throw this.#reader.error(`"${name}" must be a structure field class.`, node.offset);
    return fieldClass;
  }

  property(object: JsonObjectNode, name: string): FieldClass {
    return this.#read(this.#reader.required(object, name), name);
  }

  #read(node: JsonNode, name: string): FieldClass {
    const reader = this.#reader;
    if (node.kind === 'string') {
      const alias = this.#aliases.get(node.value);
      if (alias === undefined)
        throw reader.error(`No field class alias "${node.value}" stands before this.`, node.offset);
      this.#grow(alias.count, node.offset);
      return alias.fieldClass;
    }
    const object = reader.asObject(node, name);
    this.#grow(1, node.offset);
    reader.refuseExtensions(object, false);
    const attributes = reader.attributes(object);
    const fieldClass = { ...this.#fieldClass(object, attributes), ...(attributes === undefined ? {} : { attributes }) };
    this.offsets.set(fieldClass, node.offset);
    return fieldClass;
  }

  #grow(count: number, offset: number): void {
    this.#count += count;
    if (this.#count > MOST_FIELD_CLASSES)
      throw this.#reader.error(`The metadata has more than ${MOST_FIELD_CLASSES} field classes.`, offset);
  }

  #fieldClass(object: JsonObjectNode, attributes: Attributes | undefined): FieldClass {
    const reader = this.#reader;
    const typeNode = reader.required(object, 'type');
    const type = reader.asString(typeNode, 'type');
    switch (type) {
      case 'fixed-length-bit-array':
      case 'fixed-length-boolean':
        return { type, ...this.#bits(object) };
      case 'fixed-length-bit-map':
        return { type, ...this.#bits(object), flags: this.#flags(object) };
      case 'fixed-length-unsigned-integer':
      case 'fixed-length-signed-integer': {
        const bits = this.#bits(object);
        return { type, ...bits, ...this.#integer(object, type, bits.length), ...ownClock(attributes) };
      }
      case 'fixed-length-floating-point-number': {
        const bits = this.#bits(object);
        if (!isFloatLength(bits.length))
          throw reader.error(
            'A floating point number has 16, 32, 64, 128 or a greater multiple of 32 bits.',
            object.offset,
          );
        return { type, ...bits };
      }
      case 'variable-length-unsigned-integer':
      case 'variable-length-signed-integer':
        return { type, ...this.#integer(object, type, LONGEST_FIELD) };
      case 'null-terminated-string':
        return { type, ...this.#encoding(object) };
      case 'static-length-string':
        return { type, length: reader.count(object, 'length', 0, GREATEST_LENGTH), ...this.#encoding(object) };
      case 'dynamic-length-string':
        return {
          type,
          lengthFieldLocation: this.#location(object, 'length-field-location'),
          ...this.#encoding(object),
        };
      case 'static-length-blob':
        return {
          type,
          length: reader.count(object, 'length', 0, GREATEST_LENGTH),
          ...this.#mediaType(object),
          ...this.#roles(object),
        };
      case 'dynamic-length-blob':
        return {
          type,
          lengthFieldLocation: this.#location(object, 'length-field-location'),
          ...this.#mediaType(object),
        };
      case 'structure':
        return this.#structure(object);
      case 'static-length-array':
        return {
          type,
          elementFieldClass: this.property(object, 'element-field-class'),
          length: reader.count(object, 'length', 0, GREATEST_LENGTH),
          ...this.#minimumAlignment(object),
        };
      case 'dynamic-length-array':
        return {
          type,
          elementFieldClass: this.property(object, 'element-field-class'),
          lengthFieldLocation: this.#location(object, 'length-field-location'),
          ...this.#minimumAlignment(object),
        };
      case 'optional': {
        const ranges = object.members.get('selector-field-ranges');
        return {
          type,
          fieldClass: this.property(object, 'field-class'),
          selectorFieldLocation: this.#location(object, 'selector-field-location'),
          ...(ranges === undefined ? {} : { selectorFieldRanges: reader.asRanges(ranges, 'selector-field-ranges') }),
        };
      }
      case 'variant':
        return {
          type,
          options: this.#options(object),
          selectorFieldLocation: this.#location(object, 'selector-field-location'),
        };
      default:
        throw reader.error(`CTF 2 has no field class of the type "${type.slice(0, 80)}".`, typeNode.offset);
    }
  }

  #bits(object: JsonObjectNode): { length: number; byteOrder: ByteOrder; bitOrder?: BitOrder; alignment: number } {
    const reader = this.#reader;
    const bitOrder = reader.optionalWord(object, 'bit-order', BIT_ORDERS);
    return {
      length: reader.count(object, 'length', 1, LONGEST_FIELD),
      byteOrder: reader.word(object, 'byte-order', BYTE_ORDERS),
      ...(bitOrder === undefined ? {} : { bitOrder }),
      alignment: reader.optionalAlignment(object, 'alignment') ?? 1,
    };
  }

  #flags(object: JsonObjectNode): Readonly<Record<string, IntegerRangeSet>> {
    const node = this.#reader.required(object, 'flags');
    const flags = this.#rangesByName(node, 'flags', LONGEST_FIELD);
    if (Object.keys(flags).length === 0) throw this.#reader.error('A bit map needs at least one flag.', node.offset);
    for (const ranges of Object.values(flags)) {
      if (ranges.some(([lower]) => lower < 0)) throw this.#reader.error('The index of a bit is negative.', node.offset);
    }
    return flags;
  }

  #rangesByName(node: JsonNode, name: string, length: number): Readonly<Record<string, IntegerRangeSet>> {
    const { members } = this.#reader.asObject(node, name);
    return Object.fromEntries(
      [...members].map(([label, ranges]) => [label, normalizeRanges(this.#reader.asRanges(ranges, name), length)]),
    );
  }

  #integer(
    object: JsonObjectNode,
    type: string,
    length: number,
  ): {
    preferredDisplayBase?: 2 | 8 | 10 | 16;
    mappings?: Readonly<Record<string, IntegerRangeSet>>;
    roles?: readonly Role[];
  } {
    const reader = this.#reader;
    const baseNode = object.members.get('preferred-display-base');
    const base = baseNode === undefined ? 10 : Number(reader.asInteger(baseNode, 'preferred-display-base'));
    if (base !== 2 && base !== 8 && base !== 10 && base !== 16)
      throw reader.error('"preferred-display-base" must be 2, 8, 10 or 16.', baseNode?.offset ?? object.offset);
    const mappingsNode = object.members.get('mappings');
    const mappings = mappingsNode === undefined ? {} : this.#rangesByName(mappingsNode, 'mappings', length);
    const roles = this.#roles(object);
    if (roles.roles !== undefined && roles.roles.length > 0 && !type.endsWith('unsigned-integer'))
      throw reader.error(
        'Only unsigned integers can have roles.',
        object.members.get('roles')?.offset ?? object.offset,
      );
    return {
      ...(base === 10 ? {} : { preferredDisplayBase: base }),
      ...(Object.keys(mappings).length === 0 ? {} : { mappings }),
      ...roles,
    };
  }

  #roles(object: JsonObjectNode): { readonly roles?: readonly Role[] } {
    const node = object.members.get('roles');
    if (node === undefined) return {};
    const roles = this.#reader.asArray(node, 'roles').map((role) => this.#reader.asWord(role, 'roles', ROLES));
    return roles.length === 0 ? {} : { roles };
  }

  #encoding(object: JsonObjectNode): { readonly encoding?: StringEncoding } {
    const encoding = this.#reader.optionalWord(object, 'encoding', ENCODINGS);
    return encoding === undefined || encoding === 'utf-8' ? {} : { encoding };
  }

  #mediaType(object: JsonObjectNode): { readonly mediaType?: string } {
    const mediaType = this.#reader.optionalString(object, 'media-type');
    return mediaType === undefined ? {} : { mediaType };
  }

  #minimumAlignment(object: JsonObjectNode): { readonly minimumAlignment?: number } {
    const minimumAlignment = this.#reader.optionalAlignment(object, 'minimum-alignment');
    return minimumAlignment === undefined || minimumAlignment === 1 ? {} : { minimumAlignment };
  }

  #structure(object: JsonObjectNode): StructureFieldClass {
    const reader = this.#reader;
    const nodes = object.members.get('member-classes');
    const names = new Set<string>();
    const memberClasses = (nodes === undefined ? [] : reader.asArray(nodes, 'member-classes')).map(
      (node): StructureMemberClass => {
        const member = reader.asObject(node, 'member-classes');
        reader.refuseExtensions(member, false);
        const name = reader.string(member, 'name');
        if (names.has(name)) throw reader.error(`Two members of a structure have the name "${name}".`, node.offset);
        names.add(name);
        const attributes = reader.attributes(member);
        return {
          name,
          fieldClass: this.property(member, 'field-class'),
          ...(attributes === undefined ? {} : { attributes }),
        };
      },
    );
    return { type: 'structure', memberClasses, ...this.#minimumAlignment(object) };
  }

  #options(object: JsonObjectNode): readonly VariantOption[] {
    const reader = this.#reader;
    const nodes = reader.array(object, 'options');
    if (nodes.length === 0) throw reader.error('A variant needs at least one option.', object.offset);
    const names = new Set<string>();
    const taken: { readonly lower: bigint; readonly upper: bigint }[] = [];
    return nodes.map((node): VariantOption => {
      const option = reader.asObject(node, 'options');
      reader.refuseExtensions(option, false);
      const name = reader.optionalString(option, 'name') ?? '';
      if (name !== '' && names.has(name))
        throw reader.error(`Two options of a variant have the name "${name}".`, node.offset);
      names.add(name);
      const selectorFieldRanges = reader.ranges(option, 'selector-field-ranges');
      const own = selectorFieldRanges.map(([lower, upper]) => ({ lower: BigInt(lower), upper: BigInt(upper) }));
      if (own.some((a) => taken.some((b) => a.lower <= b.upper && b.lower <= a.upper)))
        throw reader.error('The ranges of two options of a variant overlap.', node.offset);
      taken.push(...own);
      const attributes = reader.attributes(option);
      return {
        name,
        fieldClass: this.property(option, 'field-class'),
        selectorFieldRanges,
        ...(attributes === undefined ? {} : { attributes }),
      };
    });
  }

  #location(object: JsonObjectNode, name: string): FieldLocation {
    const reader = this.#reader;
    const location = reader.asObject(reader.required(object, name), name);
    const path = reader
      .array(location, 'path')
      .map((step) => (step.kind === 'null' ? null : reader.asString(step, 'path')));
    if (path.length === 0 || path.at(-1) === null)
      throw reader.error('The path of a field location ends with a name.', location.offset);
    const origin = reader.optionalWord(location, 'origin', SCOPES);
    return origin === undefined ? { path } : { origin, path };
  }
}

/** The clock of a field that is no timestamp, which CTF 1.8 can say and Lockstep keeps in an attribute. */
function ownClock(attributes: Attributes | undefined): { readonly clock?: string } {
  const own = attributes?.[OWN_NAMESPACE];
  if (typeof own !== 'object' || own === null || !('clock' in own)) return {};
  return typeof own.clock === 'string' ? { clock: own.clock } : {};
}
