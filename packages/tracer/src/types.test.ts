// SPDX-License-Identifier: MIT
// Claims about types: this file compiles only while each line marked @ts-expect-error is an error.

import { test } from 'node:test';
import {
  array,
  bool,
  counter,
  enumeration,
  float64,
  int32,
  int64,
  sequence,
  slice,
  string,
  struct,
  tracepoint,
} from './index.ts';

function claims(): void {
  const orderPlaced = tracepoint('shop:order_placed', { id: int32, total: float64, sku: string });
  orderPlaced(42, 9.5, 'A-17');
  // @ts-expect-error a string is missing
  orderPlaced(42, 9.5);
  // @ts-expect-error two strings for one
  orderPlaced(42, 'x', 'A-17');
  // @ts-expect-error a boolean is none of its types
  orderPlaced(42, 9.5, true);
  // @ts-expect-error too many
  orderPlaced(42, 9.5, 'A-17', 1);

  const exact = tracepoint('shop:exact', [
    ['sku', string],
    ['id', int32],
    ['big', int64],
  ]);
  exact('A-17', 42, 7n);
  exact('A-17', 42, 7);
  // @ts-expect-error wrong order
  exact(42, 'A-17', 7);

  const none = tracepoint('shop:none');
  none();
  // @ts-expect-error it has no field
  none(1);

  const state = tracepoint('shop:state', [
    ['state', enumeration({ open: 1, closed: 2 })],
    ['isLate', bool],
  ]);
  state('open', true);
  state(2, false);
  // @ts-expect-error no such label
  state('ajar', true);

  const nested = tracepoint('shop:nested', [
    ['at', struct({ x: int32, y: int32 })],
    ['path', sequence(string)],
    ['rgb', array(int32, 3)],
  ]);
  nested({ x: 1, y: 2 }, ['a'], [1, 2, 3]);
  // @ts-expect-error y is missing
  nested({ x: 1 }, ['a'], [1, 2, 3]);
  // @ts-expect-error numbers for strings
  nested({ x: 1, y: 2 }, [1], [1, 2, 3]);

  const many = tracepoint('shop:many', {
    a: int32,
    b: string,
    c: int32,
    d: string,
    e: bool,
    f: int32,
    g: int64,
    h: string,
  });
  many(1, 'b', 2, 'd', true, 3, 4n, 'h');

  const render = slice('shop:render', { page: string });
  render.end(render.begin('home'));
  // @ts-expect-error page is a string
  render.begin(1);
  const sum: number = render.run(() => 1, 'home');
  void sum;

  const queue = counter('shop:queue_length', int32);
  queue(3);
  // @ts-expect-error an int32 takes a number
  queue('3');
}

test('wrong argument types are compile errors', () => void claims);
