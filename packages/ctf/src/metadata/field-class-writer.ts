// SPDX-License-Identifier: MIT
// Field class -> TSDL text of a type. The interesting part is references: a sequence names its length
// and a variant its tag by a path that a reader looks up from the innermost structure outwards, so the
// writer keeps the same stack of structures and checks that the short name finds the field that is meant.

import { assertUnreachable, CtfError, type ErrorPairs } from '@lockstep/base';
import type {
  BitFieldClass,
  ByteOrder,
  FieldClass,
  FieldLocation,
  FixedLengthFloatFieldClass,
  FixedLengthIntegerFieldClass,
  IntegerRangeSet,
  Role,
  ScopeName,
  StringFieldClass,
  StructureFieldClass,
  StructureMemberClass,
  VariantFieldClass,
  VariantOption,
} from '../model/field-class.ts';
import { isReversed, isWideText } from '../model/field-class-traits.ts';
import { normalizeRanges } from '../model/make-field-class.ts';
import { escapeFieldName, isTsdlIdentifier, quoteTsdlString, replaceForeignCharacters } from './tsdl-words.ts';

/** TSDL's spelling of the six scopes. */
export const TSDL_SCOPES: Readonly<Record<ScopeName, string>> = {
  'packet-header': 'trace.packet.header',
  'packet-context': 'stream.packet.context',
  'event-record-header': 'stream.event.header',
  'event-record-common-context': 'stream.event.context',
  'event-record-specific-context': 'event.context',
  'event-record-payload': 'event.fields',
};

const FLOAT_DIGITS: Readonly<Record<number, readonly [exponent: number, mantissa: number]>> = {
  16: [5, 11],
  32: [8, 24],
  64: [11, 53],
  128: [15, 113],
};

/** Aliases that the metadata declares before its first use of them: natural alignment, the trace's byte order. */
const ALIASED_LENGTHS = [8, 16, 32, 64] as const;

export interface FieldClassWriterOptions {
  readonly byteOrder: ByteOrder;
  /** Root structures of the scopes that references may leave the current one for. */
  readonly scopes: Readonly<Partial<Record<ScopeName, StructureFieldClass>>>;
  /** Types that the metadata has declared by name before: see `writeTypeAlias`. By identity. */
  readonly names?: ReadonlyMap<FieldClass, string> | undefined;
}

/** A structure that encloses what is being written. */
interface OpenStructure {
  readonly fieldClass: StructureFieldClass;
  readonly tsdlNames: readonly string[];
  /** Index of the member being written; members before it may be referred to. */
  position: number;
  /** Names of variant options between this structure and the enclosing one's member, outermost first. */
  readonly optionNames: readonly string[];
}

/** The aliases as TSDL text. */
export function writeTypeAliases(byteOrder: ByteOrder): string {
  const lines: string[] = [];
  for (const prefix of ['uint', 'int'] as const) {
    for (const length of ALIASED_LENGTHS) {
      const type = prefix === 'uint' ? 'fixed-length-unsigned-integer' : 'fixed-length-signed-integer';
      const text = writeIntegerBody({ type, length, alignment: length, byteOrder }, byteOrder);
      lines.push(`typealias ${text} := ${prefix}${length}_t;`);
    }
  }
  return lines.join('\n');
}

/** Declares a type by name, so that what many events share stands there once. A scalar or a string. */
export function writeTypeAlias(name: string, fieldClass: FieldClass, byteOrder: ByteOrder): string {
  const root: StructureFieldClass = { type: 'structure', memberClasses: [] };
  const writer = new FieldClassWriter('event-record-payload', root, { byteOrder, scopes: {} });
  return `typealias ${writer.writeType(fieldClass)} := ${name};\n`;
}

/** A scope's root structure as TSDL, its first line not indented, the others by `indent` tabs. */
export function writeScope(
  scope: ScopeName,
  fieldClass: StructureFieldClass,
  options: FieldClassWriterOptions,
  indent: number,
): string {
  return new FieldClassWriter(scope, fieldClass, options).write(indent);
}

/** Field names of a structure as TSDL spells them: distinct identifiers. */
export function tsdlMemberNames(scope: ScopeName, fieldClass: StructureFieldClass): readonly string[] {
  // Readers find the fields of these three by their plain names ("timestamp_begin"), as LTTng writes them.
  const isPlain = scope === 'packet-header' || scope === 'packet-context' || scope === 'event-record-header';
  const taken = new Set<string>();
  return fieldClass.memberClasses.map(({ name, fieldClass: fc }) => {
    const wanted =
      (isPlain ? nameOfRole(scope, fc) : undefined) ??
      (isPlain && isTsdlIdentifier(name) && !name.startsWith('_') ? withoutRole(name) : escapeFieldName(name));
    let chosen = wanted;
    for (let suffix = 2; taken.has(chosen); suffix++) chosen = `${wanted}_${suffix}`;
    taken.add(chosen);
    return chosen;
  });
}

const ROLE_NAMES: Readonly<Partial<Record<Role, string>>> = {
  'packet-magic-number': 'magic',
  'metadata-stream-uuid': 'uuid',
  'data-stream-class-id': 'stream_id',
  'data-stream-id': 'stream_instance_id',
  'packet-total-length': 'packet_size',
  'packet-content-length': 'content_size',
  'packet-end-default-clock-timestamp': 'timestamp_end',
  'packet-sequence-number': 'packet_seq_num',
  'discarded-event-record-counter-snapshot': 'events_discarded',
  'event-record-class-id': 'id',
};
const MEANINGFUL_NAMES: ReadonlySet<string> = new Set([...Object.values(ROLE_NAMES), 'timestamp', 'timestamp_begin']);

/** The name by which CTF 1.8 knows what a field is for. */
function nameOfRole(scope: ScopeName, fc: FieldClass): string | undefined {
  const roles = 'roles' in fc ? (fc.roles ?? []) : [];
  for (const role of roles) {
    if (role === 'default-clock-timestamp') return scope === 'packet-context' ? 'timestamp_begin' : 'timestamp';
    const name = ROLE_NAMES[role];
    if (name !== undefined) return name;
  }
  // LTTng's `v` holds `id` and `timestamp` in its options; its own name means nothing.
  return undefined;
}

/** A field without a role must not have a name that gives it one. */
function withoutRole(name: string): string {
  return MEANINGFUL_NAMES.has(name) ? `${name}_2` : name;
}

class FieldClassWriter {
  readonly #scope: ScopeName;
  readonly #root: StructureFieldClass;
  readonly #options: FieldClassWriterOptions;
  readonly #open: OpenStructure[] = [];

  constructor(scope: ScopeName, root: StructureFieldClass, options: FieldClassWriterOptions) {
    this.#scope = scope;
    this.#root = root;
    this.#options = options;
  }

  write(indent: number): string {
    return this.#writeStructure(this.#root, indent, []);
  }

  writeType(fieldClass: FieldClass): string {
    return this.#writeType(fieldClass, 0, []);
  }

  /** The type without its declarator; `optionNames` as in OpenStructure. */
  #writeType(fieldClass: FieldClass, indent: number, optionNames: readonly string[]): string {
    const { byteOrder, names } = this.#options;
    const name = names?.get(fieldClass);
    if (name !== undefined) return name;
    switch (fieldClass.type) {
      case 'fixed-length-unsigned-integer':
      case 'fixed-length-signed-integer':
        checkBitOrder(fieldClass);
        return writeInteger(fieldClass, byteOrder, indent);
      case 'fixed-length-bit-array':
      case 'fixed-length-bit-map':
      case 'fixed-length-boolean': {
        // CTF 1.8 has none of them; the same bits as an unsigned integer.
        const { length, alignment } = fieldClass;
        checkBitOrder(fieldClass);
        const type = 'fixed-length-unsigned-integer';
        return writeInteger({ type, length, alignment, byteOrder: fieldClass.byteOrder }, byteOrder, indent);
      }
      case 'fixed-length-floating-point-number':
        checkBitOrder(fieldClass);
        return writeFloat(fieldClass, byteOrder);
      case 'null-terminated-string':
        checkEncoding(fieldClass);
        return 'string';
      case 'static-length-blob':
      case 'dynamic-length-blob':
        return `integer { size = 8; align = 8; signed = 0; encoding = none; base = ${'roles' in fieldClass ? 10 : 16}; }`;
      case 'variable-length-unsigned-integer':
      case 'variable-length-signed-integer':
      case 'optional':
        throw new CtfError('CTF 1.8 has no field class of this type.', { type: fieldClass.type });
      case 'static-length-string':
      case 'dynamic-length-string':
        checkEncoding(fieldClass);
        return 'integer { size = 8; align = 8; signed = 0; encoding = UTF8; base = 10; }';
      case 'structure':
        return this.#writeStructure(fieldClass, indent, optionNames);
      case 'static-length-array':
      case 'dynamic-length-array':
        return this.#writeType(fieldClass.elementFieldClass, indent, optionNames);
      case 'variant':
        return this.#writeVariant(fieldClass, indent, optionNames);
      default:
        return assertUnreachable(fieldClass);
    }
  }

  #writeStructure(fieldClass: StructureFieldClass, indent: number, optionNames: readonly string[]): string {
    const tabs = '\t'.repeat(indent);
    const tsdlNames = tsdlMemberNames(this.#scope, fieldClass);
    const open: OpenStructure = { fieldClass, tsdlNames, position: 0, optionNames };
    this.#open.push(open);
    let text = 'struct {\n';
    fieldClass.memberClasses.forEach((member, index) => {
      open.position = index;
      const type = this.#writeType(member.fieldClass, indent + 1, []);
      text += `${tabs}\t${type} ${tsdlNames[index] ?? ''}${this.#writeLengths(member.fieldClass)};\n`;
    });
    this.#open.pop();
    const alignment = fieldClass.minimumAlignment ?? 1;
    return `${text}${tabs}}${alignment > 1 ? ` align(${alignment})` : ''}`;
  }

  /** The part of a declarator after the name: one `[length]` for each dimension, outermost first. */
  #writeLengths(fieldClass: FieldClass): string {
    let text = '';
    if ('lengthFieldLocation' in fieldClass) text = `[${this.#writeLength(fieldClass.lengthFieldLocation)}]`;
    if (
      fieldClass.type === 'static-length-string' ||
      fieldClass.type === 'static-length-blob' ||
      fieldClass.type === 'static-length-array'
    )
      text = `[${fieldClass.length}]`;
    return 'elementFieldClass' in fieldClass ? text + this.#writeLengths(fieldClass.elementFieldClass) : text;
  }

  #writeVariant(fieldClass: VariantFieldClass, indent: number, optionNames: readonly string[]): string {
    const tabs = '\t'.repeat(indent);
    const selector = this.#find(fieldClass.selectorFieldLocation).fieldClass;
    let text = `variant <${this.#writeReference(fieldClass.selectorFieldLocation)}> {\n`;
    for (const option of fieldClass.options) {
      const name = optionLabel(option, selector);
      const type = this.#writeType(option.fieldClass, indent + 1, [...optionNames, name]);
      text += `${tabs}\t${type} ${name}${this.#writeLengths(option.fieldClass)};\n`;
    }
    return `${text}${tabs}}`;
  }

  #writeLength(location: FieldLocation): string {
    if (this.#find(location).fieldClass.type !== 'fixed-length-unsigned-integer')
      throw new CtfError('The length of an array must be an unsigned integer.', spellLocation(location));
    return this.#writeReference(location);
  }

  /** The shortest path that a reader's lookup resolves to the same field. */
  #writeReference(location: FieldLocation): string {
    const target = this.#find(location);
    const shortPath = target.relativePath;
    if (shortPath !== undefined) {
      const first = shortPath[0];
      for (let depth = this.#open.length - 1; depth >= 0; depth--) {
        const open = this.#open[depth];
        const index = open?.tsdlNames.indexOf(first ?? '') ?? -1;
        if (open === undefined || index < 0 || index >= open.position) continue;
        if (depth === target.depth) return shortPath.join('.');
        break;
      }
    }
    return `${TSDL_SCOPES[target.scope]}.${target.absolutePath.join('.')}`;
  }

  /** The field class that a location leads to, with its TSDL paths. */
  #find(location: FieldLocation): {
    readonly fieldClass: FieldClass;
    readonly scope: ScopeName;
    readonly absolutePath: readonly string[];
    /** Undefined when the field is in another scope; else relative to the open structure at `depth`. */
    readonly relativePath: readonly string[] | undefined;
    readonly depth: number;
  } {
    if (location.origin !== undefined && location.origin !== this.#scope) {
      const root = this.#options.scopes[location.origin];
      if (root === undefined) throw missingField(location);
      const { fieldClass, names } = followPath(location.origin, root, location.path, location);
      return { fieldClass, scope: location.origin, absolutePath: names, relativePath: undefined, depth: -1 };
    }
    const upCount = location.path.findIndex((step) => step !== null);
    const depth = location.origin === undefined ? this.#open.length - 1 - Math.max(upCount, 0) : 0;
    const start = this.#open[depth];
    if (start === undefined || upCount < 0) throw missingField(location);
    const path = location.path.slice(upCount);
    if (start.fieldClass.memberClasses.findIndex((member) => member.name === path[0]) >= start.position)
      throw missingField(location);
    const { fieldClass, names } = followPath(this.#scope, start.fieldClass, path, location);
    const prefix = this.#open.slice(0, depth).map((open) => open.tsdlNames[open.position] ?? '');
    const options = this.#open.slice(1, depth + 1).map((open) => open.optionNames);
    return {
      fieldClass,
      scope: this.#scope,
      absolutePath: [...prefix.flatMap((name, index) => [name, ...(options[index] ?? [])]), ...names],
      relativePath: names,
      depth,
    };
  }
}

/** Walks from a structure to a field; passes through arrays to their elements. */
function followPath(
  scope: ScopeName,
  start: StructureFieldClass,
  path: readonly (string | null)[],
  location: FieldLocation,
): { readonly fieldClass: FieldClass; readonly names: readonly string[] } {
  let current: FieldClass = start;
  const names: string[] = [];
  for (const step of path) {
    while (current.type === 'static-length-array' || current.type === 'dynamic-length-array')
      current = current.elementFieldClass;
    if (current.type !== 'structure' || step === null) throw missingField(location);
    const index = current.memberClasses.findIndex((member) => member.name === step);
    const member: StructureMemberClass | undefined = current.memberClasses[index];
    if (member === undefined) throw missingField(location);
    names.push(tsdlMemberNames(scope, current)[index] ?? '');
    current = member.fieldClass;
  }
  return { fieldClass: current, names };
}

function missingField(location: FieldLocation): CtfError {
  return new CtfError('A field refers to another one that does not precede it.', spellLocation(location));
}

function spellLocation(location: FieldLocation): ErrorPairs {
  return { origin: location.origin, path: location.path.map((step) => step ?? '^').join('.') };
}

/** Labels that can select an option of this name: readers take one leading underscore away. */
export function labelsOfOption(name: string): readonly string[] {
  return name.startsWith('_') ? [escapeFieldName(name)] : [name, escapeFieldName(name)];
}

/** TSDL selects a variant's option by a label of its tag: finds the label with the option's name and ranges. */
function optionLabel(option: VariantOption, selector: FieldClass): string {
  const mappings = 'mappings' in selector ? selector.mappings : undefined;
  const length = 'length' in selector ? selector.length : 64;
  for (const label of labelsOfOption(option.name)) {
    if (!isTsdlIdentifier(label) || mappings === undefined) continue;
    const ranges = Object.hasOwn(mappings, label) ? (mappings[label] ?? []) : [];
    if (areSameRanges(ranges, option.selectorFieldRanges, length)) return label;
  }
  throw new CtfError(
    'CTF 1.8 cannot express this variant: its selector has no mapping with the name and the ranges of an option.',
    {
      option: option.name,
    },
  );
}

export function areSameRanges(first: IntegerRangeSet, second: IntegerRangeSet, length: number): boolean {
  const spell = (ranges: IntegerRangeSet): string =>
    normalizeRanges(ranges, length)
      .map((range) => range.join('…'))
      .join();
  return spell(first) === spell(second);
}

function checkBitOrder(fieldClass: BitFieldClass): void {
  if (isReversed(fieldClass))
    throw new CtfError('CTF 1.8 knows only the bit order that a byte order implies.', { type: fieldClass.type });
}

function checkEncoding(fieldClass: StringFieldClass): void {
  if (isWideText(fieldClass))
    throw new CtfError('CTF 1.8 has no strings of this encoding.', { encoding: fieldClass.encoding });
}

function writeInteger(fieldClass: FixedLengthIntegerFieldClass, traceByteOrder: ByteOrder, indent: number): string {
  const plain = aliasName(fieldClass, traceByteOrder) ?? writeIntegerBody(fieldClass, traceByteOrder);
  if (fieldClass.mappings === undefined) return plain;
  const body = writeMappings(fieldClass.mappings, indent);
  // TSDL wants at least one label: an enumeration without any is its integer.
  return body === '' ? plain : `enum : ${plain} ${body}`;
}

type Mappings = Readonly<Record<string, IntegerRangeSet>>;

/** A hundred events of a kernel share the names of one set of flags: 40 labels that are written once. */
const writtenMappings = new WeakMap<Mappings, Map<number, string>>();

/** '' when there is no label. */
function writeMappings(mappings: Mappings, indent: number): string {
  let byIndent = writtenMappings.get(mappings);
  if (byIndent === undefined) writtenMappings.set(mappings, (byIndent = new Map()));
  const known = byIndent.get(indent);
  if (known !== undefined) return known;
  const tabs = '\t'.repeat(indent);
  const lines = Object.entries(mappings).flatMap(([label, ranges]) =>
    ranges.map(
      ([lower, upper]) =>
        `${tabs}\t${quoteTsdlString(label)} = ${lower}${BigInt(lower) === BigInt(upper) ? '' : ` ... ${upper}`}`,
    ),
  );
  const body = lines.length === 0 ? '' : `{\n${lines.join(',\n')}\n${tabs}}`;
  byIndent.set(indent, body);
  return body;
}

function aliasName(fieldClass: FixedLengthIntegerFieldClass, traceByteOrder: ByteOrder): string | undefined {
  const { length, alignment, byteOrder } = fieldClass;
  const isAliased = ALIASED_LENGTHS.some((aliased) => aliased === length);
  if (!isAliased || alignment !== length || byteOrder !== traceByteOrder) return undefined;
  if (
    (fieldClass.preferredDisplayBase ?? 10) !== 10 ||
    fieldClass.clock !== undefined ||
    fieldClass.encoding !== undefined
  )
    return undefined;
  return `${fieldClass.type === 'fixed-length-unsigned-integer' ? 'uint' : 'int'}${length}_t`;
}

function writeIntegerBody(fieldClass: FixedLengthIntegerFieldClass, traceByteOrder: ByteOrder): string {
  const isSigned = fieldClass.type === 'fixed-length-signed-integer';
  return (
    `integer { size = ${fieldClass.length}; align = ${fieldClass.alignment}; signed = ${isSigned ? 1 : 0};` +
    ` encoding = ${fieldClass.encoding === undefined ? 'none' : 'UTF8'}; base = ${fieldClass.preferredDisplayBase ?? 10};` +
    (fieldClass.clock === undefined ? '' : ` map = clock.${replaceForeignCharacters(fieldClass.clock)}.value;`) +
    `${writeByteOrder(fieldClass.byteOrder, traceByteOrder)} }`
  );
}

function writeFloat(fieldClass: FixedLengthFloatFieldClass, traceByteOrder: ByteOrder): string {
  const digits = FLOAT_DIGITS[fieldClass.length];
  if (digits === undefined) {
    throw new CtfError('CTF 1.8 cannot express a floating-point number of this length.', { length: fieldClass.length });
  }
  const order = writeByteOrder(fieldClass.byteOrder, traceByteOrder);
  return `floating_point { exp_dig = ${digits[0]}; mant_dig = ${digits[1]}; align = ${fieldClass.alignment};${order} }`;
}

function writeByteOrder(byteOrder: ByteOrder, traceByteOrder: ByteOrder): string {
  return byteOrder === traceByteOrder ? '' : ` byte_order = ${byteOrder === 'big-endian' ? 'be' : 'le'};`;
}
