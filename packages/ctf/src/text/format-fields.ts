// SPDX-License-Identifier: MIT
// Fields as text, as babeltrace2's `sink.text.pretty` prints them. A formatter is made once per event
// record class and scope: source code where that is allowed, closures that do the same elsewhere.
// Input: an event record. Output: the text of one scope, `{ a = 1, b = "x" }`.
//
// babeltrace2 keeps fields out of its model whose only use is to decode: readings of clocks, and what
// has a role in the packet context. They are not printed.

import { assertUnreachable } from '@lockstep/base';
import type {
  FieldClass,
  IntegerFieldClass,
  ScopeName,
  StructureFieldClass,
  VariantFieldClass,
} from '../model/field-class.ts';
import type { EventRecord, FieldValue, StructureValue } from '../model/event-record.ts';
import type { DataStreamClass, EventRecordClass, TraceClass } from '../model/trace-class.ts';
import { optionRanges, resolveLocation, type Enclosing } from '../read/field-layout.ts';
import { NO_COLORS, type Colors } from './colors.ts';
import { enumerationLabels } from './enumeration-labels.ts';
import { formatInteger, formatReal } from './format-number.ts';
import { quote, printableName } from './format-string.ts';

/** Remembered texts of an enumeration's values; then they are made again, so that memory stays bounded. */
const REMEMBERED_VALUES = 1024;

export type ScopeFormatter = (record: EventRecord) => string;

type ValueScope =
  | 'packet-context'
  | 'event-record-common-context'
  | 'event-record-specific-context'
  | 'event-record-payload';

/** Whether a field is part of what babeltrace2 shows. */
export function isShown(fc: FieldClass, scope: ScopeName): boolean {
  switch (fc.type) {
    case 'fixed-length-unsigned-integer':
    case 'fixed-length-signed-integer':
      return fc.clock === undefined && (scope !== 'packet-context' || (fc.roles ?? []).length === 0);
    case 'structure':
      return fc.memberClasses.length === 0 || fc.memberClasses.some((member) => isShown(member.fieldClass, scope));
    case 'static-length-array':
      return fc.roles?.includes('metadata-stream-uuid') !== true && isShown(fc.elementFieldClass, scope);
    case 'dynamic-length-array':
      return isShown(fc.elementFieldClass, scope);
    case 'variant':
      return fc.options.some((option) => isShown(option.fieldClass, scope));
    default:
      return true;
  }
}

/** Where each scope's value lies in a record `r`, as source code. */
const ROOT_EXPRESSIONS: Readonly<Record<ScopeName, string>> = {
  'packet-header': 'r.packet.header',
  'packet-context': 'r.packet.context',
  'event-record-header': 'r.header',
  'event-record-common-context': 'r.commonContext',
  'event-record-specific-context': 'r.specificContext',
  'event-record-payload': 'r.payload',
};

function scopeClasses(
  traceClass: TraceClass,
  dsc: DataStreamClass,
  erc: EventRecordClass,
): Map<ScopeName, StructureFieldClass> {
  const classes: [ScopeName, StructureFieldClass | undefined][] = [
    ['packet-header', traceClass.packetHeader],
    ['packet-context', dsc.packetContext],
    ['event-record-header', dsc.eventRecordHeader],
    ['event-record-common-context', dsc.commonContext],
    ['event-record-specific-context', erc.specificContext],
    ['event-record-payload', erc.payload],
  ];
  return new Map(classes.filter((entry): entry is [ScopeName, StructureFieldClass] => entry[1] !== undefined));
}

export interface FormatterOptions {
  readonly traceClass: TraceClass;
  readonly dataStreamClass: DataStreamClass;
  readonly eventRecordClass: EventRecordClass;
  readonly scope: ValueScope;
  readonly withNames: boolean;
  readonly colors?: Colors;
}

/** Formatter of a scope; undefined when the scope has nothing to show. */
export function makeScopeFormatter(options: FormatterOptions, canGenerate: boolean): ScopeFormatter | undefined {
  const classes = scopeClasses(options.traceClass, options.dataStreamClass, options.eventRecordClass);
  const fc = classes.get(options.scope);
  if (fc === undefined || !isShown(fc, options.scope)) return undefined;
  const writer = new FormatterWriter(options, classes);
  const root = ROOT_EXPRESSIONS[options.scope];
  if (!canGenerate) return makeClosure(options, classes, fc);
  const expression = writer.structure(fc, root, []);
  const body = `'use strict';\nreturn (r) => ${expression};`;
  const make = new Function('quote', 'formatReal', 'formatInteger', 'formatBlob', 'constants', body) as (
    ...parts: unknown[]
  ) => ScopeFormatter;
  return make(quote, formatReal, formatInteger, formatBlob, writer.constants);
}

/** An enumeration's labels and its integer. */
export function formatEnumeration(value: number | bigint, fc: IntegerFieldClass, colors: Colors): string {
  const labels = enumerationLabels(fc, value);
  const names =
    labels.length === 0
      ? `${colors.unknown}<unknown>${colors.reset}`
      : labels.map((label) => `${colors.label}${quote(label)}${colors.reset}`).join(', ');
  return `( ${names} : container = ${colors.number}${formatInteger(value, fc)}${colors.reset} )`;
}

/** Makes the text of an enumeration's value, remembered by value. */
function makeEnumerationFormatter(fc: IntegerFieldClass, colors: Colors): (value: number | bigint) => string {
  const remembered = new Map<number | bigint, string>();
  return (value) => {
    const known = remembered.get(value);
    if (known !== undefined) return known;
    const text = formatEnumeration(value, fc, colors);
    if (remembered.size >= REMEMBERED_VALUES) remembered.clear();
    remembered.set(value, text);
    return text;
  };
}

/** Writes the expression of a scope's text. Names of the trace appear in JSON string literals only. */
class FormatterWriter {
  /** What the code refers to as `constants[i]`: classes and functions. */
  readonly constants: unknown[] = [];
  readonly #options: FormatterOptions;
  readonly #scopes: (Enclosing & { readonly name: ScopeName })[];
  readonly #colors: Colors;

  constructor(options: FormatterOptions, classes: ReadonlyMap<ScopeName, StructureFieldClass>) {
    this.#options = options;
    this.#colors = options.colors ?? NO_COLORS;
    this.#scopes = [...classes].map(([name, fieldClass]) => ({ name, fieldClass, key: ROOT_EXPRESSIONS[name] }));
  }

  structure(fc: StructureFieldClass, value: string, enclosing: readonly Enclosing[]): string {
    const inner = [...enclosing, { fieldClass: fc, key: value }];
    const parts: string[] = [];
    for (const member of fc.memberClasses) {
      if (!isShown(member.fieldClass, this.#options.scope)) continue;
      const lead = `${parts.length === 0 ? ' ' : ', '}${this.#options.withNames ? `${this.#colors.fieldName}${printableName(member.name)}${this.#colors.reset} = ` : ''}`;
      parts.push(
        `${JSON.stringify(lead)} + ${this.#field(member.fieldClass, memberExpression(value, member.name), inner)}`,
      );
    }
    return ['"{"', ...parts, '" }"'].join(' + ');
  }

  #constant(value: unknown): string {
    this.constants.push(value);
    return `constants[${this.constants.length - 1}]`;
  }

  #field(fc: FieldClass, value: string, enclosing: readonly Enclosing[]): string {
    const text = this.#plainField(fc, value, enclosing);
    const color = colorOf(fc, this.#colors);
    return color === '' ? text : `${JSON.stringify(color)} + ${text} + ${JSON.stringify(this.#colors.reset)}`;
  }

  #plainField(fc: FieldClass, value: string, enclosing: readonly Enclosing[]): string {
    switch (fc.type) {
      case 'fixed-length-unsigned-integer':
      case 'fixed-length-signed-integer':
        return this.#integer(fc, value);
      case 'variable-length-unsigned-integer':
      case 'variable-length-signed-integer':
        return this.#integer(fc, value);
      case 'fixed-length-bit-array':
      case 'fixed-length-bit-map':
        return `"0x" + ${value}.toString(16).toUpperCase()`;
      case 'static-length-blob':
      case 'dynamic-length-blob':
        return `formatBlob(${value})`;
      case 'optional':
        return `(${value} === undefined ? "<none>" : ${this.#field(fc.fieldClass, value, enclosing)})`;
      case 'fixed-length-boolean':
        return `(${value} ? "true" : "false")`;
      case 'fixed-length-floating-point-number':
        return `formatReal(${value})`;
      case 'null-terminated-string':
      case 'static-length-string':
      case 'dynamic-length-string':
        return `quote(${value})`;
      case 'structure':
        return this.structure(fc, value, enclosing);
      case 'static-length-array':
      case 'dynamic-length-array':
        return this.#array(fc.elementFieldClass, value, enclosing);
      case 'variant':
        return this.#variant(fc, value, enclosing);
      default:
        return assertUnreachable(fc);
    }
  }

  #integer(fc: IntegerFieldClass, value: string): string {
    if (fc.mappings !== undefined) return `${this.#constant(makeEnumerationFormatter(fc, this.#colors))}(${value})`;
    if ((fc.preferredDisplayBase ?? 10) === 10) return value;
    return `formatInteger(${value}, ${this.#constant(fc)})`;
  }

  #array(element: FieldClass, value: string, enclosing: readonly Enclosing[]): string {
    if (!isShown(element, this.#options.scope)) return '"[ ]"';
    const depth = enclosing.length;
    const [array, index] = [`a${depth}`, `i${depth}`];
    // Elements may refer to fields of what encloses the array, so the function stands where those are visible.
    const text = this.#field(element, `${array}[${index}]`, enclosing);
    const lead = this.#options.withNames
      ? `(${index} === 0 ? " [" : ", [") + ${index} + "] = "`
      : `(${index} === 0 ? " " : ", ")`;
    return `((${array}) => { let t = "["; for (let ${index} = 0; ${index} < ${array}.length; ${index}++) t += ${lead} + ${text}; return t + " ]"; })(${value})`;
  }

  #variant(fc: VariantFieldClass, value: string, enclosing: readonly Enclosing[]): string {
    const selector = resolveLocation(fc.selectorFieldLocation, enclosing, this.#scopes, (key, name, isOption) =>
      isOption ? key : memberExpression(key, name),
    );
    if (selector === undefined) return '"{ <unknown> }"';
    const choices = optionRanges(fc).map(({ lower, upper, option }) => {
      const text = this.#field(fc.options[option]!.fieldClass, value, enclosing);
      return `${selector.key} >= ${lower}n && ${selector.key} <= ${upper}n ? ${text} : `;
    });
    return `("{ " + (${choices.join('')}"<unknown>") + " }")`;
  }
}

/** Colour of a value as a whole; enumerations colour their parts. */
function colorOf(fc: FieldClass, colors: Colors): string {
  switch (fc.type) {
    case 'structure':
    case 'static-length-array':
    case 'dynamic-length-array':
    case 'optional':
    case 'variant':
      return '';
    case 'null-terminated-string':
    case 'static-length-string':
    case 'dynamic-length-string':
      return colors.text;
    case 'fixed-length-unsigned-integer':
    case 'fixed-length-signed-integer':
    case 'variable-length-unsigned-integer':
    case 'variable-length-signed-integer':
      return fc.mappings === undefined ? colors.number : '';
    default:
      return colors.number;
  }
}

/** Bytes as lower-case hexadecimal digits. */
export function formatBlob(bytes: Uint8Array): string {
  let text = '{';
  for (const byte of bytes) text += ` ${byte.toString(16).padStart(2, '0')}`;
  return `${text} }`;
}

function memberExpression(value: string, name: string): string {
  return `${value}[${JSON.stringify(name)}]`;
}

/** The twin without generated code. */
function makeClosure(
  options: FormatterOptions,
  classes: ReadonlyMap<ScopeName, StructureFieldClass>,
  root: StructureFieldClass,
): ScopeFormatter {
  const colors = options.colors ?? NO_COLORS;
  return (record) => {
    const values: Readonly<Record<ScopeName, StructureValue | undefined>> = {
      'packet-header': record.packet.header,
      'packet-context': record.packet.context,
      'event-record-header': record.header,
      'event-record-common-context': record.commonContext,
      'event-record-specific-context': record.specificContext,
      'event-record-payload': record.payload,
    };
    // Values travel beside the classes by a key of their own.
    const valueOf = new Map<string, FieldValue>();
    const scopes = [...classes].map(([name, fieldClass]) => {
      valueOf.set(name, values[name] ?? {});
      return { name, fieldClass, key: name as string };
    });
    const format = (fc: FieldClass, value: FieldValue, key: string, enclosing: readonly Enclosing[]): string => {
      const color = colorOf(fc, colors);
      return color + formatPlain(fc, value, key, enclosing) + (color === '' ? '' : colors.reset);
    };
    const formatPlain = (fc: FieldClass, value: FieldValue, key: string, enclosing: readonly Enclosing[]): string => {
      valueOf.set(key, value);
      switch (fc.type) {
        case 'structure': {
          const inner = [...enclosing, { fieldClass: fc, key }];
          const shown = fc.memberClasses.filter((member) => isShown(member.fieldClass, options.scope));
          const texts = shown.map(({ name, fieldClass }) => {
            const text = format(fieldClass, (value as StructureValue)[name]!, `${key}/${name}`, inner);
            return options.withNames ? `${colors.fieldName}${printableName(name)}${colors.reset} = ${text}` : text;
          });
          return texts.length === 0 ? '{ }' : `{ ${texts.join(', ')} }`;
        }
        case 'static-length-array':
        case 'dynamic-length-array': {
          const texts = (value as readonly FieldValue[]).map((element, index) => {
            const text = format(fc.elementFieldClass, element, `${key}/[]`, enclosing);
            return options.withNames ? `[${index}] = ${text}` : text;
          });
          return texts.length === 0 ? '[ ]' : `[ ${texts.join(', ')} ]`;
        }
        case 'variant': {
          const target = resolveLocation(fc.selectorFieldLocation, enclosing, scopes, (parent, name, isOption) => {
            if (isOption) return parent;
            const member = (valueOf.get(parent) as StructureValue)[name];
            if (member !== undefined) valueOf.set(`${parent}/${name}`, member);
            return `${parent}/${name}`;
          });
          const selector = target === undefined ? undefined : (valueOf.get(target.key) as number | bigint);
          const match =
            selector === undefined
              ? undefined
              : optionRanges(fc).find(({ lower, upper }) => selector >= lower && selector <= upper);
          return match === undefined
            ? '{ <unknown> }'
            : `{ ${format(fc.options[match.option]!.fieldClass, value, key, enclosing)} }`;
        }
        case 'fixed-length-unsigned-integer':
        case 'fixed-length-signed-integer':
          return fc.mappings === undefined
            ? formatInteger(value as number | bigint, fc)
            : makeEnumerationFormatter(fc, colors)(value as number | bigint);
        case 'variable-length-unsigned-integer':
        case 'variable-length-signed-integer':
          return fc.mappings === undefined
            ? formatInteger(value as number | bigint, fc)
            : makeEnumerationFormatter(fc, colors)(value as number | bigint);
        case 'static-length-blob':
        case 'dynamic-length-blob':
          return formatBlob(value as Uint8Array);
        case 'optional':
          return value === undefined ? '<none>' : format(fc.fieldClass, value, `${key}/[]`, enclosing);
        case 'fixed-length-bit-map':
        case 'fixed-length-bit-array':
          return `0x${(value as number | bigint).toString(16).toUpperCase()}`;
        case 'fixed-length-boolean':
          return value === true ? 'true' : 'false';
        case 'fixed-length-floating-point-number':
          return formatReal(value as number);
        default:
          return quote(value as string);
      }
    };
    return format(root, values[options.scope] ?? {}, options.scope, []);
  };
}
