// SPDX-License-Identifier: MIT
// The public types of tracepoints: how fields become positional arguments.
//
// TypeScript gives the properties of an object type no order (version 7 sorts their names), so for
// fields written as an object it can check how many arguments there are and that their types fit in
// some order; the order itself is checked at run time, and counted. Fields written as a list of
// [name, type] pairs are checked position by position.

import type { LogLevelName } from '@lockstep/base';
import type { AnyFieldType, ArgumentOf } from './field-types.ts';

/** Fields as an object, `{ id: int32, total: float64 }`: recorded in the order written. */
export type FieldMap = Readonly<Record<string, AnyFieldType>>;
/** Fields as a list, `[['id', int32], ['total', float64]]`: arguments are checked position by position. */
export type FieldList = readonly (readonly [name: string, type: AnyFieldType])[];
export type Fields = FieldMap | FieldList;

export interface TracepointOptions {
  /** `debug-line` unless given, as in LTTng. */
  readonly logLevel?: LogLevelName;
}

/** Boxes keep a union such as `number | bigint` together while types are permuted. */
interface Box<Value> {
  readonly value: Value;
}

type UnionToIntersection<Union> = (Union extends unknown ? (value: Union) => void : never) extends (
  value: infer All,
) => void
  ? All
  : never;
type LastOf<Union> =
  UnionToIntersection<Union extends unknown ? () => Union : never> extends () => infer Last ? Last : never;
type ToTuple<Union, Last = LastOf<Union>> = [Union] extends [never] ? [] : [...ToTuple<Exclude<Union, Last>>, Last];

type BoxesOf<Map, Names extends readonly unknown[]> = {
  [Index in keyof Names]: Names[Index] extends keyof Map ? Box<ArgumentOf<Map[Names[Index]]>> : never;
};
type RemoveFirst<Boxes extends readonly unknown[], One> = Boxes extends readonly [infer Head, ...infer Rest]
  ? [Head] extends [One]
    ? [One] extends [Head]
      ? Rest
      : [Head, ...RemoveFirst<Rest, One>]
    : [Head, ...RemoveFirst<Rest, One>]
  : [];
type Permutations<Boxes extends readonly unknown[], One = Boxes[number]> = Boxes extends readonly []
  ? []
  : One extends Box<infer Value>
    ? [Value, ...Permutations<RemoveFirst<Boxes, One>>]
    : never;
/** Every position takes any of the types. */
type Loose<Boxes extends readonly unknown[]> = {
  [Index in keyof Boxes]: Boxes[number] extends Box<infer Value> ? Value : never;
};
/** Permuting more than eight would cost the compiler seconds. */
type ArgumentsOfBoxes<Boxes extends readonly unknown[]> = Boxes extends readonly [
  unknown,
  unknown,
  unknown,
  unknown,
  unknown,
  unknown,
  unknown,
  unknown,
  unknown,
  ...unknown[],
]
  ? Loose<Boxes>
  : Permutations<Boxes>;

/** Positional arguments that a tracepoint with these fields takes. */
export type ArgumentsOf<Given extends Fields> = Given extends FieldList
  ? { -readonly [Index in keyof Given]: Given[Index] extends readonly [string, infer Type] ? ArgumentOf<Type> : never }
  : string extends keyof Given
    ? unknown[]
    : ArgumentsOfBoxes<BoxesOf<Given, ToTuple<keyof Given>>>;

/** An instrumentation point of the program. Calling it records an event when a session wants it. */
export interface Tracepoint<Arguments extends readonly unknown[]> {
  (...values: Arguments): void;
  /** Whether a session wants it now: guards arguments that are costly to make. */
  readonly enabled: boolean;
  /** Full name, `shop:order_placed`. */
  readonly name: string;
}

/** A piece of work with a begin and an end: two event records with one id. */
export interface Slice<Arguments extends readonly unknown[]> {
  /** Records the begin; returns the id for `end`, 0 when no session wants it. */
  begin(...values: Arguments): number;
  /** Records the end of `begin`'s id; nothing for 0. */
  end(id: number): void;
  /** Runs `work` between begin and end, also when it throws. Awaits a promise that it returns. */
  run<Result>(work: () => Result, ...values: Arguments): Result;
  readonly enabled: boolean;
  readonly name: string;
}

/** A value over time. */
export interface Counter<Value> {
  (value: Value): void;
  readonly enabled: boolean;
  readonly name: string;
}
