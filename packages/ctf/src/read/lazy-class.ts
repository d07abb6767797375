// SPDX-License-Identifier: MIT
// Source of the class of a lazy structure (lazy-values.ts): members one after another in, a class definition and the
// expression that constructs an object out. Members whose values are made at once are properties; of a string its
// place is kept, of an integer of 64 bits its words, in private fields that no name of a trace can meet.
//
//   class L0 { ["id"]; #u; #b1; #e1; constructor(u, a0, b1, e1) { … } get ["sku"]() { return lazyText(…); } }

import type { FieldClass, StringFieldClass, StructureMemberClass } from '../model/field-class.ts';
import { isWideText } from '../model/field-class-traits.ts';

export function isText(fc: FieldClass): fc is StringFieldClass {
  return fc.type.endsWith('-string');
}

/** Whether a structure with this member is worth a class. */
export function isLazyMember({ fieldClass }: StructureMemberClass): boolean {
  if (isText(fieldClass)) return !isWideText(fieldClass);
  return fieldClass.type.endsWith('-integer') && 'length' in fieldClass && fieldClass.length === 64;
}

export class LazyClass {
  readonly #names: string[] = [];
  readonly #fields: string[] = [];
  readonly #parameters: string[] = ['u'];
  readonly #arguments: string[] = ['u8'];
  readonly #statements: string[] = ['this.#u = u;'];
  readonly #getters: string[] = [];

  addValue(name: string, value: string): void {
    const parameter = this.#parameter('a', value);
    const property = this.#property(name);
    // Declared, so that a member named `__proto__` is a property and no prototype.
    this.#fields.push(`[${property}];`);
    this.#statements.push(`this[${property}] = ${parameter};`);
  }

  addText(name: string, begin: string, end: string): void {
    this.#addGetter(name, [begin, end], ([from, to]) => `lazyText(this.#u, ${from}, ${to})`);
  }

  addInteger(name: string, high: string, low: string, isSigned: boolean): void {
    this.#addGetter(name, [high, low], ([first, second]) => `lazyInteger(${first}, ${second}, ${isSigned})`);
  }

  define(className: string): string {
    const body = [
      ...this.#fields,
      '#u;',
      `constructor(${this.#parameters.join(', ')}) { ${this.#statements.join(' ')} }`,
      ...this.#getters,
    ];
    return `const ${className} = finishLazyClass(class {\n${body.join('\n')}\n}, [${this.#names.join(', ')}]);`;
  }

  construct(className: string): string {
    return `new ${className}(${this.#arguments.join(', ')})`;
  }

  #property(name: string): string {
    const property = JSON.stringify(name);
    this.#names.push(property);
    return property;
  }

  #parameter(prefix: string, value: string): string {
    const parameter = `${prefix}${this.#parameters.length}`;
    this.#parameters.push(parameter);
    this.#arguments.push(value);
    return parameter;
  }

  #addGetter(name: string, values: readonly string[], read: (fields: readonly string[]) => string): void {
    const parameters = values.map((value) => this.#parameter('w', value));
    for (const parameter of parameters) {
      this.#fields.push(`#${parameter};`);
      this.#statements.push(`this.#${parameter} = ${parameter};`);
    }
    this.#getters.push(
      `get [${this.#property(name)}]() { return ${read(parameters.map((parameter) => `this.#${parameter}`))}; }`,
    );
  }
}
