// SPDX-License-Identifier: MIT
// Where all copies of the tracer in a thread meet (the program's own, a bundled one, the preloaded
// one): the first one's registry serves them all, so that a thread has one ring buffer a channel and
// each plan is followed once. The key carries the version of what the registry offers.

import { Registry } from './registry.ts';

const KEY: unique symbol = Symbol.for('lockstep.tracer.1') as never;

interface MeetingPoint {
  [KEY]?: Registry;
}

export function threadRegistry(): Registry {
  const point = globalThis as MeetingPoint;
  let registry = point[KEY];
  if (registry === undefined) {
    registry = new Registry();
    Object.defineProperty(point, KEY, { value: registry, enumerable: false, configurable: true });
  }
  return registry;
}
