// SPDX-License-Identifier: MIT
// The functions that a program calls to define tracepoints, slices and counters.

import type { ArgumentsOf, Counter, Fields, Slice, Tracepoint, TracepointOptions } from './api-types.ts';
import type { FieldType } from './field-types.ts';

/** Defines an instrumentation point. The same name may be defined again; other fields make a further class. */
export function tracepoint<const Given extends Fields = {}>(
  name: string,
  fields?: Given,
  options?: TracepointOptions,
): Tracepoint<ArgumentsOf<Given>> {
  void name, fields, options;
  throw new Error('not yet');
}

/** Defines a piece of work: `NAME_begin {id, …fields}` and `NAME_end {id}`. */
export function slice<const Given extends Fields = {}>(name: string, fields?: Given, options?: TracepointOptions): Slice<ArgumentsOf<Given>> {
  void name, fields, options;
  throw new Error('not yet');
}

/** Defines a value over time: `NAME {value}`. */
export function counter<Value>(name: string, type: FieldType<Value>, options?: TracepointOptions): Counter<Value> {
  void name, type, options;
  throw new Error('not yet');
}
