// SPDX-License-Identifier: MIT
// The functions that a program calls to define tracepoints, slices and counters.

import { InputError } from '@lockstep/base';
import type { ArgumentsOf, Counter, FieldList, Fields, Slice, Tracepoint, TracepointOptions } from './api-types.ts';
import { checkFieldName, shapeOf, uint32, type AnyFieldType, type FieldType } from './field-types.ts';
import { logLevelNumber } from './log-levels.ts';
import { threadRegistry } from './meeting-point.ts';
import type { NamedShape } from './payload-class.ts';
import type { Stub } from './stub.ts';

const MAX_NAME_LENGTH = 256;
const MAX_FIELD_COUNT = 250;

/** Defines an instrumentation point. The same name may be defined again; other fields make a further class. */
export function tracepoint<const Given extends Fields = {}>(
  name: string,
  fields?: Given,
  options?: TracepointOptions,
): Tracepoint<ArgumentsOf<Given>> {
  const stub = define(name, fields ?? [], options);
  return callable(name, stub) as unknown as Tracepoint<ArgumentsOf<Given>>;
}

/** Defines a piece of work: `NAME_begin {id, …fields}` and `NAME_end {id}`. */
export function slice<const Given extends Fields = {}>(
  name: string,
  fields?: Given,
  options?: TracepointOptions,
): Slice<ArgumentsOf<Given>> {
  const begin = define(`${name}_begin`, [['id', uint32], ...entriesOf(fields ?? [])], options);
  const end = define(`${name}_end`, [['id', uint32]], options);
  let lastId = 0;
  const made = {
    name,
    get enabled() {
      return begin.isEnabled() || end.isEnabled();
    },
    begin(...values: unknown[]): number {
      if (!begin.isEnabled() && !end.isEnabled()) return 0;
      lastId = (lastId + 1) >>> 0 || 1;
      begin.call(lastId, ...values);
      return lastId;
    },
    end(id: number): void {
      if (id !== 0) end.call(id);
    },
    run<Result>(work: () => Result, ...values: unknown[]): Result {
      const id = made.begin(...values);
      let isPromised = false;
      try {
        const result = work();
        if (result instanceof Promise) {
          isPromised = true;
          return result.finally(() => made.end(id)) as Result;
        }
        return result;
      } finally {
        if (!isPromised) made.end(id);
      }
    },
  };
  return made as Slice<ArgumentsOf<Given>>;
}

/** Defines a value over time: `NAME {value}`. */
export function counter<Value>(name: string, type: FieldType<Value>, options?: TracepointOptions): Counter<Value> {
  const stub = define(name, [['value', type]], options);
  return callable(name, stub) as unknown as Counter<Value>;
}

const STUB: unique symbol = Symbol('stub');

type CallableStub = Stub['call'] & { [STUB]?: Stub };

// One getter for all: a getter each would cost each tracepoint a hidden class of its own.
const prototype: object = Object.create(Function.prototype, {
  enabled: {
    get(this: CallableStub): boolean {
      return this[STUB]?.isEnabled() ?? false;
    },
  },
}) as object;

/** The stub's function with the two properties that a program sees. */
function callable(name: string, stub: Stub): CallableStub {
  const call: CallableStub = stub.call;
  Object.setPrototypeOf(call, prototype);
  call[STUB] = stub;
  Object.defineProperty(call, 'name', { value: name });
  return call;
}

function define(name: string, fields: Fields, options: TracepointOptions | undefined): Stub {
  // oxlint-disable-next-line no-control-regex -- exactly these are refused.
  if (
    typeof name !== 'string' ||
    name.length === 0 ||
    name.length > MAX_NAME_LENGTH ||
    /[\x00-\x1f\x7f"\\*]/.test(name)
  ) {
    throw new InputError(
      'A tracepoint is named by 1 to 256 characters without quotes, backslashes, stars and control characters',
      { name },
    );
  }
  return threadRegistry().define({ name, logLevel: logLevelNumber(options?.logLevel), fields: shapesOf(name, fields) });
}

function entriesOf(fields: Fields): FieldList {
  return isFieldList(fields) ? fields : Object.entries(fields);
}

function isFieldList(fields: Fields): fields is FieldList {
  return Array.isArray(fields);
}

function shapesOf(tracepointName: string, fields: Fields): NamedShape[] {
  const entries = entriesOf(fields);
  if (entries.length > MAX_FIELD_COUNT)
    throw new InputError('A tracepoint has at most 250 fields', { name: tracepointName, count: entries.length });
  const names = new Set<string>();
  return entries.map(([name, type]: readonly [string, AnyFieldType]) => {
    if (names.has(name))
      throw new InputError('Two fields of the tracepoint have the same name', { name: tracepointName, field: name });
    names.add(name);
    return { name: checkFieldName(name), shape: shapeOf(type) };
  });
}
