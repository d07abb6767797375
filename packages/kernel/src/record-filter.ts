// SPDX-License-Identifier: MIT
// Filter expressions that the kernel could not take -> a verdict on raw records, the same that
// @lockstep/filter gives in a traced program. Only the fields that an expression names are decoded.

import { compileToJavaScript, parseFilter, type FilterFieldType, type FilterNode } from '@lockstep/filter';
import type { EventFilter, FilterableField } from './channel-conversion.ts';
import { CONTEXT_FILTER_FIELDS, findContextField } from './context-fields.ts';
import { rwbsFlags } from './conversion-code.ts';
import type { ConversionStep, KernelEventClass } from './event-class.ts';
import type { RecordContext } from './record-context.ts';

/** On the raw record at word `s`, about which `context` was told. */
export type RecordFilter = (
  source: Int32Array,
  bytes: Uint8Array,
  s: number,
  sizeBytes: number,
  context: RecordContext,
) => boolean;

type FieldReader = (source: Int32Array, bytes: Uint8Array, s: number, sizeBytes: number) => unknown;

/** `processOf`: of the thread table, for fields that it fills. Throws InputError for what is no expression. */
export function makeRecordFilter(filter: EventFilter, processOf: (tid: number) => number): RecordFilter {
  const parsed = filter.expressions.map((text) => parseFilter(text));
  const scopes = {
    payload: new Map(filter.fields.map((field) => [field.name, filterFieldType(field)])),
    context: CONTEXT_FILTER_FIELDS,
  };
  const named = { payload: new Set<string>(), context: new Set<string>() };
  for (const { root } of parsed) collectNames(root, named);
  const readers = filter.fields
    .filter((field) => named.payload.has(field.name))
    .map((field): readonly [string, FieldReader] => [field.name, fieldReader(field, processOf)]);
  const contexts = [...named.context].flatMap((name) => findContextField(name) ?? []);
  const evaluators = parsed.map((one) => compileToJavaScript(one, scopes).evaluate);
  const payloadValues: Record<string, unknown> = {};
  const contextValues: Record<string, unknown> = {};
  return (source, bytes, s, sizeBytes, context) => {
    for (const [name, read] of readers) payloadValues[name] = read(source, bytes, s, sizeBytes);
    for (const field of contexts) {
      if (field.shape === 'integer') contextValues[field.name] = context.integer(field);
      else if (field.shape === 'text')
        contextValues[field.name] = textOf(context.borrowText(field), 0, field.sizeBytes);
    }
    for (const evaluate of evaluators) if (evaluate(payloadValues, contextValues)) return true;
    return false;
  };
}

function collectNames(node: FilterNode, named: { readonly payload: Set<string>; readonly context: Set<string> }): void {
  switch (node.type) {
    case 'field':
      if (node.scope === 'payload') named.payload.add(node.name);
      else if (node.scope === 'context') named.context.add(node.name);
      return;
    case 'unary':
      return collectNames(node.operand, named);
    case 'binary':
      collectNames(node.left, named);
      return collectNames(node.right, named);
    default:
  }
}

/** The names that an expression has of each scope. */
export function namesOf(text: string): {
  readonly payload: ReadonlySet<string>;
  readonly context: ReadonlySet<string>;
} {
  const named = { payload: new Set<string>(), context: new Set<string>() };
  collectNames(parseFilter(text).root, named);
  return named;
}

export function filterFieldType(field: FilterableField): FilterFieldType {
  switch (field.kind) {
    case 'integer':
      return { type: 'integer', bits: field.sizeBytes * 8, isSigned: field.isSigned };
    case 'rwbs':
    case 'process':
      return { type: 'integer', bits: 32, isSigned: field.kind === 'process' };
    case 'text':
    case 'string':
      return { type: 'string' };
    case 'array':
    case 'sequence':
      return {
        type: 'array',
        element: { type: 'integer', bits: field.sizeBytes * 8, isSigned: field.isSigned },
      };
  }
}

function fieldReader(field: FilterableField, processOf: (tid: number) => number): FieldReader {
  const { from, length } = field;
  switch (field.kind) {
    case 'integer':
      return (_source, bytes, s) => readInteger(bytes, (s << 2) + from, field);
    case 'rwbs':
      return (_source, bytes, s) => rwbsFlags(bytes, (s << 2) + from, length);
    case 'process':
      return (source, _bytes, s) => processOf(source[s + from / 4] as number);
    case 'text':
      return (_source, bytes, s) => textOf(bytes, (s << 2) + from, length);
    case 'array':
      return (_source, bytes, s) => readElements(bytes, (s << 2) + from, length, field);
    case 'string':
      return (source, bytes, s, sizeBytes) => {
        const place = locate(source, s, sizeBytes, field);
        return textOf(bytes, (s << 2) + place.offset, place.length);
      };
    case 'sequence':
      return (source, bytes, s, sizeBytes) => {
        const place = locate(source, s, sizeBytes, field);
        return readElements(bytes, (s << 2) + place.offset, Math.trunc(place.length / field.sizeBytes), field);
      };
  }
}

/** As the generated copiers find it: cut to the record. */
function locate(
  source: Int32Array,
  s: number,
  sizeBytes: number,
  field: FilterableField,
): { readonly offset: number; readonly length: number } {
  const word = field.from % 4 === 0 ? (source[s + field.from / 4] as number) : 0;
  const offset = (word & 0xffff) + (field.isRelative ? field.from + 4 : 0);
  return { offset, length: Math.max(0, Math.min(word >>> 16, sizeBytes - offset)) };
}

function readElements(bytes: Uint8Array, at: number, count: number, field: FilterableField): unknown[] {
  return Array.from({ length: count }, (_, index) => readInteger(bytes, at + index * field.sizeBytes, field));
}

function readInteger(bytes: Uint8Array, at: number, field: FilterableField): number | bigint {
  let low = 0;
  const size = field.sizeBytes;
  for (let index = Math.min(size, 4) - 1; index >= 0; index--) low = (low << 8) | (bytes[at + index] as number);
  if (size < 4) return field.isSigned ? (low << (32 - size * 8)) >> (32 - size * 8) : low;
  if (size === 4) return field.isSigned ? low : low >>> 0;
  let high = 0;
  for (let index = 7; index >= 4; index--) high = (high << 8) | (bytes[at + index] as number);
  const value = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return field.isSigned ? BigInt.asIntN(64, value) : value;
}

const decoder = new TextDecoder();

function textOf(bytes: Uint8Array, at: number, sizeBytes: number): string {
  let end = at;
  let isAscii = true;
  for (; end < at + sizeBytes; end++) {
    const byte = bytes[end] as number;
    if (byte === 0) break;
    if (byte > 127) isAscii = false;
  }
  if (!isAscii) return decoder.decode(bytes.slice(at, end));
  let text = '';
  for (let index = at; index < end; index++) text += String.fromCharCode(bytes[index] as number);
  return text;
}

/** The fields of an event record class as filters see them: members and steps go side by side. */
export function filterableFields(eventClass: Pick<KernelEventClass, 'payload' | 'plan'>): FilterableField[] {
  const fields: FilterableField[] = [];
  let member = 0;
  for (const step of eventClass.plan.steps) {
    // A sequence has its length before it.
    if (step.kind === 'sequence') member++;
    const one = eventClass.payload.memberClasses[member++];
    if (one === undefined) continue;
    const element = 'elementFieldClass' in one.fieldClass ? one.fieldClass.elementFieldClass : one.fieldClass;
    const isSigned = element.type === 'fixed-length-signed-integer';
    const isText = one.fieldClass.type === 'static-length-string';
    fields.push({ name: one.name, isSigned, from: step.from, ...shapeOf(step, isText) });
  }
  return fields;
}

function shapeOf(
  step: ConversionStep,
  isText: boolean,
): Pick<FilterableField, 'kind' | 'sizeBytes' | 'length' | 'isRelative'> {
  switch (step.kind) {
    case 'integer':
      return { kind: 'integer', sizeBytes: step.sizeBytes, length: 1, isRelative: false };
    case 'bytes':
      return isText
        ? { kind: 'text', sizeBytes: 1, length: step.sizeBytes, isRelative: false }
        : {
            kind: 'array',
            sizeBytes: step.elementSizeBytes,
            length: step.sizeBytes / step.elementSizeBytes,
            isRelative: false,
          };
    case 'string':
      return { kind: 'string', sizeBytes: 1, length: 0, isRelative: step.isRelative };
    case 'sequence':
      return { kind: 'sequence', sizeBytes: step.elementSizeBytes, length: 0, isRelative: step.isRelative };
    case 'rwbs':
      return { kind: 'rwbs', sizeBytes: 4, length: step.sizeBytes, isRelative: false };
    case 'process':
      return { kind: 'process', sizeBytes: 4, length: 1, isRelative: false };
  }
}
