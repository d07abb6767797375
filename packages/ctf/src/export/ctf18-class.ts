// SPDX-License-Identifier: MIT
// Trace classes from one version of CTF to the other, for the same values. To 1.8: LEB128 integers take 64 bits, text
// is UTF-8 with a NUL, bits come in the order of their bytes, long floats are doubles, selectors are enumerations,
// and an optional field is a variant of an empty structure and the field. To 2: such variants are optional fields
// again; all else is the same there.

import type { FieldClass, OptionalFieldClass, StructureFieldClass, VariantFieldClass } from '../model/field-class.ts';
import { isReversed, isWideText } from '../model/field-class-traits.ts';
import type { TraceClass } from '../model/trace-class.ts';
import { elementKey, memberKey, optionKey } from '../read/field-layout.ts';
import { ABSENT, Ctf18Selectors, PRESENT } from './ctf18-selectors.ts';
import { mapScopes } from './map-scopes.ts';

export function toCtf18Class(traceClass: TraceClass): TraceClass {
  const converter = new Ctf18Converter(new Ctf18Selectors(traceClass));
  return mapScopes(traceClass, ({ fieldClass, key }) => converter.structure(fieldClass, key));
}

class Ctf18Converter {
  readonly #selectors: Ctf18Selectors;

  constructor(selectors: Ctf18Selectors) {
    this.#selectors = selectors;
  }

  structure(fc: StructureFieldClass, key: string): StructureFieldClass {
    return {
      ...fc,
      memberClasses: fc.memberClasses.map((member) => ({
        ...member,
        fieldClass: this.#field(member.fieldClass, memberKey(key, member.name)),
      })),
    };
  }

  #field(fc: FieldClass, key: string): FieldClass {
    switch (fc.type) {
      case 'structure':
        return this.structure(fc, key);
      case 'static-length-array':
      case 'dynamic-length-array': {
        // 1.8 aligns arrays as their elements; what is written must not be aligned otherwise than the metadata says.
        const { minimumAlignment: _, ...rest } = fc;
        return { ...rest, elementFieldClass: this.#field(fc.elementFieldClass, elementKey(key)) };
      }
      case 'variant':
        return {
          ...fc,
          options: this.#selectors.optionsAt(key).map(({ index, name, ranges }) => {
            const option = fc.options[index]!;
            const fieldClass = this.#field(option.fieldClass, optionKey(key, option.name, index));
            return { ...option, name, selectorFieldRanges: ranges, fieldClass };
          }),
        };
      case 'optional':
        return this.#optional(fc, key);
      case 'variable-length-unsigned-integer':
      case 'variable-length-signed-integer': {
        const isSigned = fc.type === 'variable-length-signed-integer';
        const type = isSigned ? 'fixed-length-signed-integer' : 'fixed-length-unsigned-integer';
        return { ...fc, type, length: 64, byteOrder: 'little-endian', alignment: 8, ...this.#mappings(key) };
      }
      case 'fixed-length-unsigned-integer':
      case 'fixed-length-signed-integer':
        return { ...naturalBits(fc), ...this.#mappings(key) };
      case 'fixed-length-boolean': {
        const mappings = this.#mappings(key);
        return 'mappings' in mappings
          ? { ...naturalBits(fc), type: 'fixed-length-unsigned-integer', ...mappings }
          : naturalBits(fc);
      }
      case 'null-terminated-string':
      case 'static-length-string':
      case 'dynamic-length-string':
        return isWideText(fc) ? { type: 'null-terminated-string' } : fc;
      case 'fixed-length-floating-point-number':
        return { ...naturalBits(fc), length: fc.length === 32 ? 32 : 64 };
      default:
        return 'byteOrder' in fc ? naturalBits(fc) : fc;
    }
  }

  #optional(fc: OptionalFieldClass, key: string): VariantFieldClass {
    const classes = [EMPTY, this.#field(fc.fieldClass, elementKey(key))];
    return {
      type: 'variant',
      ...(fc.attributes === undefined ? {} : { attributes: fc.attributes }),
      selectorFieldLocation: fc.selectorFieldLocation,
      options: this.#selectors.optionsAt(key).map(({ index, name, ranges }) => ({
        name,
        selectorFieldRanges: ranges,
        fieldClass: classes[index]!,
      })),
    };
  }

  #mappings(key: string): Pick<Extract<FieldClass, { readonly mappings?: unknown }>, 'mappings'> {
    const mappings = this.#selectors.mappingsAt(key);
    return mappings === undefined ? {} : { mappings };
  }
}

const EMPTY: StructureFieldClass = { type: 'structure', memberClasses: [] };

function naturalBits<T extends Extract<FieldClass, { readonly byteOrder: string }>>(fc: T): T {
  if (!isReversed(fc)) return fc;
  const { bitOrder: _, ...rest } = fc;
  return rest as T;
}

/** Optional fields where 1.8 had to spell them as variants. */
export function toCtf2Class(traceClass: TraceClass): TraceClass {
  return mapScopes(traceClass, ({ fieldClass }) => withOptionals(fieldClass) as StructureFieldClass);
}

function withOptionals(fc: FieldClass): FieldClass {
  switch (fc.type) {
    case 'structure':
      return {
        ...fc,
        memberClasses: fc.memberClasses.map((member) => ({ ...member, fieldClass: withOptionals(member.fieldClass) })),
      };
    case 'static-length-array':
    case 'dynamic-length-array':
      return { ...fc, elementFieldClass: withOptionals(fc.elementFieldClass) };
    case 'optional':
      return { ...fc, fieldClass: withOptionals(fc.fieldClass) };
    case 'variant': {
      const [absent, present] = fc.options;
      if (present === undefined || absent === undefined || fc.options.length > 2 || !isOptional(absent, present))
        return {
          ...fc,
          options: fc.options.map((option) => ({ ...option, fieldClass: withOptionals(option.fieldClass) })),
        };
      return {
        type: 'optional',
        ...(fc.attributes === undefined ? {} : { attributes: fc.attributes }),
        fieldClass: withOptionals(present.fieldClass),
        selectorFieldLocation: fc.selectorFieldLocation,
        selectorFieldRanges: present.selectorFieldRanges,
      };
    }
    default:
      return fc;
  }
}

/** Both names may have a number: see `addLabel`. */
function isOptional(absent: VariantFieldClass['options'][number], present: { readonly name: string }): boolean {
  const { fieldClass } = absent;
  return (
    fieldClass.type === 'structure' &&
    fieldClass.memberClasses.length === 0 &&
    absent.name.replace(/_\d+$/, '') === ABSENT &&
    present.name.replace(/_\d+$/, '') === PRESENT
  );
}
