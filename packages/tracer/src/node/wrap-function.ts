// SPDX-License-Identifier: MIT
// Replaces a function of a built-in object by one of ours that looks the same from outside: name,
// length, every own property (`util.promisify.custom` among them), prototype and the property's
// attributes. Functions that no `new` may call stay so, because wrappers are written as methods.

// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type
export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Gives `wrapper` the own properties of `original`. */
export function copyShape(original: AnyFunction, wrapper: AnyFunction): void {
  for (const key of Reflect.ownKeys(original)) {
    const descriptor = Object.getOwnPropertyDescriptor(original, key);
    if (descriptor !== undefined) Reflect.defineProperty(wrapper, key, descriptor);
  }
}

/**
 * Replaces `target[name]`, when it is a function that may be replaced, by what `makeWrapper` makes
 * of it. False when the program (or its Node) does not allow it: that function is then not observed.
 */
export function replaceFunction(
  target: object,
  name: string,
  makeWrapper: (original: AnyFunction) => AnyFunction,
): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(target, name);
  if (descriptor === undefined || typeof descriptor.value !== 'function') return false;
  if (descriptor.configurable !== true && descriptor.writable !== true) return false;
  const original = descriptor.value as AnyFunction;
  const wrapper = makeWrapper(original);
  copyShape(original, wrapper);
  return Reflect.defineProperty(target, name, { ...descriptor, value: wrapper });
}
