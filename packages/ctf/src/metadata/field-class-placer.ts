// SPDX-License-Identifier: MIT
// TSDL type + the scope that it is defined in -> field class. Here names of lengths and tags become
// field locations: a name is looked up among the members before it, from the innermost structure
// outwards, then in the scopes that are decoded earlier (section 7.3.2).

import { assertUnreachable, type CtfError } from '@lockstep/base';
import type {
  ByteOrder,
  FieldClass,
  FieldLocation,
  FixedLengthIntegerFieldClass,
  IntegerRangeSet,
  ScopeName,
  StructureFieldClass,
  StructureMemberClass,
  VariantFieldClass,
} from '../model/field-class.ts';
import { normalizeRanges } from '../model/make-field-class.ts';
import { BitFieldPacker } from './bit-field-packer.ts';
import { TSDL_SCOPES } from './field-class-writer.ts';
import type {
  TsdlArray,
  TsdlInteger,
  TsdlMember,
  TsdlReference,
  TsdlStructure,
  TsdlType,
  TsdlVariant,
} from './tsdl-type.ts';
import { unescapeFieldName } from './tsdl-words.ts';

/** Order of decoding: a field may refer to its own scope and to those before it. */
export const SCOPE_ORDER: readonly ScopeName[] = [
  'packet-header',
  'packet-context',
  'event-record-header',
  'event-record-common-context',
  'event-record-specific-context',
  'event-record-payload',
];

/** Deepest field class; types that name each other can be deeper than their text is nested. */
const MAX_DEPTH = 64;
/** Field classes of one metadata; a kernel with all its events has about 100 000. Doubling types would have 2^n. */
const MAX_FIELD_CLASS_COUNT = 500_000;

export interface PlacerSettings {
  readonly byteOrder: ByteOrder;
  /** Makes an error that shows the place in the metadata. */
  readonly error: (sentence: string, offset: number) => CtfError;
}

/** Root structures of the scopes that surround the one being placed. */
export type ScopeRoots = ReadonlyMap<ScopeName, TsdlStructure>;

interface OpenStructure {
  readonly structure: TsdlStructure;
  /** Member being placed; those before it can be referred to. */
  position: number;
  /** Options of variants between the enclosing structure's member and this structure, outermost first. */
  readonly optionNames: readonly string[];
}

interface Target {
  readonly location: FieldLocation;
  readonly type: TsdlType;
}

export class FieldClassPlacer {
  readonly #settings: PlacerSettings;
  #count = 0;
  #scope: ScopeName | undefined;
  #roots: ScopeRoots = new Map();
  #open: OpenStructure[] = [];
  #optionNames: readonly string[] = [];

  constructor(settings: PlacerSettings) {
    this.#settings = settings;
  }

  /** The field class of a scope's root. */
  place(scope: ScopeName, root: TsdlStructure, roots: ScopeRoots): StructureFieldClass {
    this.#begin(scope, roots);
    return this.#placeStructure(root, 0);
  }

  /**
   * Checks a type that is declared outside of all scopes: what its references find must fit, but
   * what they do not find may lie in a scope that it is used in later.
   */
  check(type: TsdlType): void {
    this.#begin(undefined, new Map());
    this.#place(type, 0);
  }

  #begin(scope: ScopeName | undefined, roots: ScopeRoots): void {
    this.#scope = scope;
    this.#roots = roots;
    this.#open = [];
    this.#optionNames = [];
  }

  #place(type: TsdlType, depth: number): FieldClass {
    this.#count++;
    if (depth > MAX_DEPTH)
      throw this.#settings.error(`Types of the metadata are nested in each other more than ${MAX_DEPTH} times.`, 0);
    if (this.#count > MAX_FIELD_CLASS_COUNT)
      throw this.#settings.error(`The metadata describes more than ${MAX_FIELD_CLASS_COUNT} fields.`, 0);
    switch (type.kind) {
      case 'integer':
        return this.#placeInteger(type);
      case 'float':
        return {
          type: 'fixed-length-floating-point-number',
          length: type.length,
          byteOrder: type.byteOrder ?? this.#settings.byteOrder,
          alignment: type.alignment,
        };
      case 'string':
        return { type: 'null-terminated-string' };
      case 'array':
        return this.#placeArray(type, depth);
      case 'structure':
        return this.#placeStructure(type, depth);
      case 'variant':
        return this.#placeVariant(type, depth);
      default:
        return assertUnreachable(type);
    }
  }

  #placeInteger(type: TsdlInteger): FixedLengthIntegerFieldClass {
    return {
      type: type.isSigned ? 'fixed-length-signed-integer' : 'fixed-length-unsigned-integer',
      length: type.length,
      byteOrder: type.byteOrder ?? this.#settings.byteOrder,
      alignment: type.alignment,
      ...(type.base === 10 ? {} : { preferredDisplayBase: type.base }),
      ...(type.mappings === undefined ? {} : { mappings: placeMappings(type.mappings, type.length) }),
      ...(type.isText ? { encoding: 'utf-8' } : {}),
      ...(type.clock === undefined ? {} : { clock: type.clock }),
    };
  }

  #placeArray(type: TsdlArray, depth: number): FieldClass {
    const { element, length } = type;
    // babeltrace2 shows arrays of such integers as text, and nothing else.
    const isText =
      element.kind === 'integer' &&
      element.isText &&
      element.length === 8 &&
      element.alignment === 8 &&
      element.mappings === undefined;
    if (typeof length === 'number') {
      if (isText) return { type: 'static-length-string', length };
      return { type: 'static-length-array', elementFieldClass: this.#place(element, depth + 1), length };
    }
    const target = this.#resolve(length);
    if (target !== undefined && (target.type.kind !== 'integer' || target.type.isSigned)) {
      throw this.#settings.error(
        `The length "${length.path.join('.')}" of a sequence must be an unsigned integer.`,
        length.offset,
      );
    }
    const lengthFieldLocation = target?.location ?? { path: length.path };
    if (isText) return { type: 'dynamic-length-string', lengthFieldLocation };
    return { type: 'dynamic-length-array', elementFieldClass: this.#place(element, depth + 1), lengthFieldLocation };
  }

  #placeStructure(type: TsdlStructure, depth: number): StructureFieldClass {
    const open: OpenStructure = { structure: type, position: 0, optionNames: this.#optionNames };
    this.#optionNames = [];
    this.#open.push(open);
    const packer = type.members.some(({ type: member }) => member.kind === 'integer' && member.unitLength !== undefined)
      ? new BitFieldPacker()
      : undefined;
    const memberClasses = type.members.map((member, index): StructureMemberClass => {
      open.position = index;
      const fieldClass = this.#place(member.type, depth + 1);
      const unitLength = member.type.kind === 'integer' ? member.type.unitLength : undefined;
      return {
        name: type.names[index] ?? '',
        fieldClass: packer === undefined ? fieldClass : packer.pack(fieldClass, unitLength),
      };
    });
    this.#open.pop();
    this.#optionNames = open.optionNames;
    const minimumAlignment = Math.max(type.minimumAlignment, packer?.unitAlignment ?? 1);
    return { type: 'structure', memberClasses, ...(minimumAlignment > 1 ? { minimumAlignment } : {}) };
  }

  #placeVariant(type: TsdlVariant, depth: number): VariantFieldClass {
    const { tag } = type;
    if (tag === undefined) {
      // Declared to be given a tag where it is used; then its options are placed.
      if (this.#scope === undefined) return { type: 'variant', options: [], selectorFieldLocation: { path: [''] } };
      throw this.#settings.error('A variant is used without a tag.', type.offset);
    }
    const target = this.#resolve(tag);
    if (target !== undefined && (target.type.kind !== 'integer' || target.type.mappings === undefined)) {
      throw this.#settings.error(`The tag "${tag.path.join('.')}" of a variant must be an enumeration.`, tag.offset);
    }
    const labels = target?.type.kind === 'integer' ? target.type : undefined;
    const shown = shownOptionNames(type);
    const outer = this.#optionNames;
    const options = type.options.map((option, index) => {
      const name = shown[index] ?? '';
      this.#optionNames = [...outer, option.tsdlName];
      const ranges = labels?.mappings?.get(option.tsdlName) ?? labels?.mappings?.get(name) ?? [];
      return {
        name,
        fieldClass: this.#place(option.type, depth + 1),
        selectorFieldRanges: normalizeRanges(ranges, labels?.length ?? 64),
      };
    });
    this.#optionNames = outer;
    return { type: 'variant', options, selectorFieldLocation: target?.location ?? { path: tag.path } };
  }

  /** What a reference leads to; undefined only while a declaration is checked. */
  #resolve(reference: TsdlReference): Target | undefined {
    const text = reference.path.join('.');
    const scope = SCOPE_ORDER.find((name) => text.startsWith(`${TSDL_SCOPES[name]}.`));
    const target = scope === undefined ? this.#resolveRelative(reference) : this.#resolveAbsolute(scope, reference);
    if (target !== undefined || this.#scope === undefined) return target;
    if (text.startsWith('env.'))
      throw this.#settings.error('A reference into the environment is not supported.', reference.offset);
    throw this.#settings.error(`There is no field "${text}" before the field that refers to it.`, reference.offset);
  }

  #resolveRelative(reference: TsdlReference): Target | undefined {
    const first = reference.path[0] ?? '';
    // A typedef means the fields around itself, not those around its use (section 4.2.2, last example).
    const written = this.#open.findLastIndex((open) => open.structure === reference.lexicalStructure);
    for (let depth = written >= 0 ? written : this.#open.length - 1; depth >= 0;) {
      const open = this.#open[depth];
      if (open === undefined) break;
      const index = open.structure.members.findIndex((member) => member.tsdlName === first);
      if (index >= 0 && index < open.position) {
        const end = followPath(open.structure, reference.path);
        if (end === undefined) return undefined;
        return { type: end.type, location: { path: [...this.#parents(depth), ...end.names] } };
      }
      depth = this.#outerDepth(depth);
    }
    // The nearest earlier scope whose root has the name.
    const position = this.#scope === undefined ? 0 : SCOPE_ORDER.indexOf(this.#scope);
    for (const scope of SCOPE_ORDER.slice(0, position).toReversed()) {
      const root = this.#roots.get(scope);
      const end = root === undefined ? undefined : followPath(root, reference.path);
      if (end !== undefined) return { type: end.type, location: { origin: scope, path: end.names } };
    }
    return undefined;
  }

  /** The structure around, by where the type was written: a typedef does not see the members around its use. */
  #outerDepth(depth: number): number {
    const parent = this.#open[depth]?.structure.lexicalParent;
    for (let outer = depth - 1; outer >= 0; outer--) {
      if (this.#open[outer]?.structure === parent) return outer;
    }
    return depth - 1;
  }

  #resolveAbsolute(scope: ScopeName, reference: TsdlReference): Target | undefined {
    const path = reference.path.slice(TSDL_SCOPES[scope].split('.').length);
    if (scope !== this.#scope) {
      const root = this.#roots.get(scope);
      if (
        root === undefined ||
        this.#scope === undefined ||
        SCOPE_ORDER.indexOf(scope) > SCOPE_ORDER.indexOf(this.#scope)
      )
        return undefined;
      const end = followPath(root, path);
      return end === undefined ? undefined : { type: end.type, location: { origin: scope, path: end.names } };
    }
    // Within the own scope: share the way down with the open structures as far as it is the same.
    let rest = path;
    let depth = 0;
    for (; depth + 1 < this.#open.length; depth++) {
      const here = this.#open[depth];
      const inner = this.#open[depth + 1];
      const way = [here?.structure.members[here.position]?.tsdlName ?? '', ...(inner?.optionNames ?? [])];
      if (rest.length <= way.length || way.some((name, index) => rest[index] !== name)) break;
      rest = rest.slice(way.length);
    }
    const open = this.#open[depth];
    if (open === undefined) return undefined;
    const index = open.structure.members.findIndex((member) => member.tsdlName === rest[0]);
    const end = index >= 0 && index < open.position ? followPath(open.structure, rest) : undefined;
    return end === undefined
      ? undefined
      : { type: end.type, location: { path: [...this.#parents(depth), ...end.names] } };
  }

  /** One null for each structure between the innermost and the one at `depth`. */
  #parents(depth: number): readonly null[] {
    return Array.from({ length: this.#open.length - 1 - depth }, () => null);
  }
}

/** Walks members by their TSDL names; only structures have any that are sure to be there. */
function followPath(
  structure: TsdlStructure,
  path: readonly string[],
): { readonly type: TsdlType; readonly names: readonly string[] } | undefined {
  let current: TsdlType = structure;
  const names: string[] = [];
  for (const step of path) {
    if (current.kind !== 'structure') return undefined;
    const index: number = current.members.findIndex((member) => member.tsdlName === step);
    const name: string | undefined = current.names[index];
    const member: TsdlMember | undefined = current.members[index];
    if (name === undefined || member === undefined) return undefined;
    names.push(name);
    current = member.type;
  }
  return { type: current, names };
}

function shownOptionNames(type: TsdlVariant): readonly string[] {
  const plain = new Set(type.options.map((option) => option.tsdlName));
  return type.options.map(({ tsdlName }) => {
    const shown = unescapeFieldName(tsdlName);
    return shown !== tsdlName && plain.has(shown) ? tsdlName : shown;
  });
}

function placeMappings(
  mappings: ReadonlyMap<string, IntegerRangeSet>,
  length: number,
): Readonly<Record<string, IntegerRangeSet>> {
  return Object.fromEntries([...mappings].map(([label, ranges]) => [label, normalizeRanges(ranges, length)]));
}
