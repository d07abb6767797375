// SPDX-License-Identifier: MIT
// A rule's filter over the arguments of a tracepoint: expression and fields -> predicate. It sees
// what would be recorded: an enumeration's label is its number there.

import { isMainThread, threadId } from 'node:worker_threads';
import { compileToJavaScript, parseFilter, type FilterFields, type FilterFieldType } from '@lockstep/filter';
import { loadNative } from '@lockstep/native';
import type { FieldShape } from './field-types.ts';
import type { NamedShape } from './payload-class.ts';
import { procname } from './process-directory.ts';

export type Predicate = (...values: readonly unknown[]) => boolean;

/** Contexts that a program's filter may name as `$ctx.NAME`. */
const CONTEXT_FIELDS: FilterFields = new Map<string, FilterFieldType>([
  ['vpid', { type: 'integer', bits: 32, isSigned: true }],
  ['vtid', { type: 'integer', bits: 32, isSigned: true }],
  ['procname', { type: 'string' }],
]);

/** Throws InputError when the expression is none; one that does not fit the fields passes nothing. */
export function compileRuleFilter(expression: string, fields: readonly NamedShape[]): Predicate {
  const payload = new Map(fields.map(({ name, shape }) => [name, filterTypeOf(shape)]));
  const { evaluate } = compileToJavaScript(parseFilter(expression), { payload, context: CONTEXT_FIELDS }, 'positional');
  const context = readContext();
  if (fields.every(({ shape }) => shape.kind !== 'enumeration')) return (...values) => evaluate(context, ...values);
  return (...values) => evaluate(context, ...values.map((value, index) => numberOfLabel(fields[index]?.shape, value)));
}

function numberOfLabel(shape: FieldShape | undefined, value: unknown): unknown {
  return shape?.kind === 'enumeration' && typeof value === 'string' ? (shape.mappings.get(value) ?? 0) : value;
}

function filterTypeOf(shape: FieldShape): FilterFieldType {
  switch (shape.kind) {
    case 'integer':
      return { type: 'integer', bits: shape.bits, isSigned: shape.isSigned };
    case 'enumeration':
      return { type: 'integer', bits: shape.container.bits, isSigned: shape.container.isSigned };
    case 'bool':
      return { type: 'integer', bits: 8, isSigned: false };
    case 'float':
      return { type: 'float', bits: shape.bits };
    case 'string':
      return { type: 'string' };
    case 'array':
    case 'sequence':
      return { type: 'array', element: filterTypeOf(shape.element) };
    case 'struct':
      return {
        type: 'structure',
        members: new Map(shape.members.map((member) => [member.name, filterTypeOf(member.shape)])),
      };
  }
}

function readContext(): { readonly vpid: number; readonly vtid: number; readonly procname: string } {
  const vtid = loadNative()?.gettid() ?? (isMainThread ? process.pid : threadId);
  return { vpid: process.pid, vtid, procname: procname() };
}
