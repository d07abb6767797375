// SPDX-License-Identifier: MIT
// The generator: field classes in, lines of JavaScript that decode them out. Two kinds of code come
// from one walk: code that makes values, and code that only steps over them and so counts. Here is the
// walk, over structures, arrays, variants and optional fields; each class below adds what it is named after:
//
//   CodeWriter   <- FieldCode     <- NumberCode      <- TextCode    <- Generator
//   place, lines    values, slots    integers, reals    text, BLOBs    the walk
//
// Names of a trace appear in the code as JSON string literals in object literals and nowhere else;
// every identifier is made here from a counter.

import { assertUnreachable } from '@lockstep/base';
import type {
  DynamicLengthArrayFieldClass,
  FieldClass,
  OptionalFieldClass,
  StaticLengthArrayFieldClass,
  StructureFieldClass,
  VariantFieldClass,
} from '../model/field-class.ts';
import { EMPTY_ELEMENT_LIMIT, FAIL_ARRAY, FAIL_VARIANT } from './decode-state.ts';
import {
  alignmentOf,
  elementKey,
  leastSizeOf,
  memberKey,
  optionKey,
  optionRanges,
  type Scope,
} from './field-layout.ts';
import { isPlainBytes, rangeTest, type ColumnStores } from './generated-code.ts';
import { isLazyMember, isText, LazyClass } from './lazy-class.ts';
import { afterUnknownBytes, implies, stepBytes, UNKNOWN_PLACE, type Place } from './place.ts';
import { TextCode } from './text-code.ts';

/** Longer arrays are checked before they are stepped over. */
const SHORT_ARRAY_BYTES = 4096;

export type { ColumnStore, ColumnStores, FieldVisitor, GeneratorOptions } from './generated-code.ts';

export class Generator extends TextCode {
  /** Set while code of a class is written of which fields are wanted as columns. */
  columnStores: ColumnStores | undefined = undefined;
  /** Definitions of the classes of lazy structures, to stand before the code. */
  readonly lazyClasses: string[] = [];
  #loopDepth = 0;

  /** Writes the code of a scope; returns the expression of its value, '' in code that only steps. */
  scope(scope: Scope): string {
    this.scopeName = scope.name;
    return this.#structure(scope.fieldClass, scope.key);
  }

  #field(fc: FieldClass, key: string): string {
    const column = this.columnStores?.get(key);
    if (column === undefined) return this.#anyField(fc, key);
    if (column.storeWords !== undefined && fc.type.startsWith('fixed-length') && this.storeWords(fc, key, column))
      return '';
    const isInColumn = this.isColumn;
    this.isColumn = true;
    let value = '';
    const write = (): void => void (value = this.#anyField(fc, key));
    const place = column.storePlace === undefined ? undefined : this.placeOfText(write);
    if (column.storePlace === undefined) write();
    this.isColumn = isInColumn;
    this.lines.push(place === undefined ? column.store(value) : column.storePlace!(place.begin, place.end));
    return value;
  }

  #anyField(fc: FieldClass, key: string): string {
    switch (fc.type) {
      case 'fixed-length-unsigned-integer':
      case 'fixed-length-signed-integer':
        return this.integer(fc, key);
      case 'variable-length-unsigned-integer':
      case 'variable-length-signed-integer':
        return this.integer(fc, key);
      case 'fixed-length-bit-array':
      case 'fixed-length-bit-map':
        return this.visited(fc, this.bits(fc, false, this.needsValue()));
      case 'fixed-length-boolean':
        return this.boolean(fc, key);
      case 'fixed-length-floating-point-number':
        return this.float(fc);
      case 'null-terminated-string':
        return this.nullTerminatedString(fc);
      case 'static-length-string':
        this.align(8);
        return this.string(fc, String(fc.length));
      case 'dynamic-length-string': {
        const length = this.length(key);
        this.align(8);
        return this.string(fc, length);
      }
      case 'static-length-blob':
        this.align(8);
        if (fc.roles?.includes('metadata-stream-uuid') === true) this.lines.push(`s.metadataUuidAt = ${this.at()};`);
        return this.blob(fc, String(fc.length));
      case 'dynamic-length-blob': {
        const length = this.length(key);
        this.align(8);
        return this.blob(fc, length);
      }
      case 'optional':
        return this.#optional(fc, key);
      case 'structure':
        return this.#structure(fc, key);
      case 'static-length-array':
        return this.#array(fc, String(fc.length), key);
      case 'dynamic-length-array':
        return this.#array(fc, this.length(key), key);
      case 'variant':
        return this.#variant(fc, key);
      default:
        return assertUnreachable(fc);
    }
  }

  #structure(fc: StructureFieldClass, key: string): string {
    this.align(alignmentOf(fc));
    if (this.wantsValues && this.options.values?.isLazy === true && fc.memberClasses.some(isLazyMember))
      return this.#lazyStructure(fc, key);
    const members: string[] = [];
    let shownCount = 0;
    this.visit((visitor) => visitor.beginStructure());
    fc.memberClasses.forEach((member, index) => {
      if (this.needsValue()) this.#ensureRun(fc, index);
      const isShown = this.visitor?.isShown(member.fieldClass, this.scopeName) === true;
      if (isShown) this.visit((visitor) => visitor.beginMember(member.name, shownCount++));
      const value = this.hide(!isShown, () => this.#field(member.fieldClass, memberKey(key, member.name)));
      // A literal's `__proto__:` would set the prototype; a computed name defines a member.
      const name = JSON.stringify(member.name);
      members.push(`${member.name === '__proto__' ? `[${name}]` : name}: ${value}`);
    });
    this.visit((visitor) => visitor.endStructure());
    return this.wantsValues ? `{ ${members.join(', ')} }` : '';
  }

  /** An object of a class of its own, that knows where its strings and 64-bit integers lie. */
  #lazyStructure(fc: StructureFieldClass, key: string): string {
    const made = new LazyClass();
    fc.memberClasses.forEach(({ name, fieldClass }, index) => {
      this.#ensureRun(fc, index);
      const inner = memberKey(key, name);
      const words = this.lazyWords(fieldClass, inner);
      if (words !== undefined) {
        made.addInteger(name, words.high, words.low, fieldClass.type === 'fixed-length-signed-integer');
        return;
      }
      let value = '';
      const write = (): void => void (value = this.#field(fieldClass, inner));
      const text = isText(fieldClass) ? this.placeOfText(write) : undefined;
      if (text !== undefined) made.addText(name, text.begin, text.end);
      else {
        if (!isText(fieldClass)) write();
        made.addValue(name, value);
      }
    });
    const className = this.name('L');
    this.lazyClasses.push(made.define(className));
    return made.construct(className);
  }

  /** One check for all members from `index` on that lie at known distances. */
  #ensureRun(fc: StructureFieldClass, index: number): void {
    if (this.place.bit !== 0) return;
    let place = this.place;
    for (const { fieldClass } of fc.memberClasses.slice(index)) {
      if (!('byteOrder' in fieldClass) || fieldClass.alignment < 8 || fieldClass.length % 8 !== 0) break;
      const bytes = fieldClass.alignment / 8;
      if (place.modulus % bytes !== 0) break;
      place = stepBytes(place, (bytes - (place.rest % bytes)) % bytes);
      place = stepBytes(place, fieldClass.length / 8);
    }
    if (place.pending > this.place.pending) this.ensure(place.pending - this.place.pending);
  }

  #optional(fc: OptionalFieldClass, key: string): string {
    this.flush();
    const { expression, isWide } = this.slotValue(key);
    const name = this.wantsValues ? this.name('v') : '';
    const selector = this.name('e');
    const before = this.place;
    this.visit((visitor) => visitor.beginVariant());
    this.lines.push(`const ${selector} = ${expression};`);
    if (name !== '') this.lines.push(`let ${name};`);
    const written = this.branch(before, () => {
      const value = this.#field(fc.fieldClass, elementKey(key));
      if (name !== '') this.lines.push(`${name} = ${value};`);
      this.visit((visitor) => visitor.endElement());
    });
    const condition =
      fc.selectorFieldRanges === undefined
        ? `${selector} != 0`
        : fc.selectorFieldRanges
            .map(([lower, upper]) => rangeTest(selector, BigInt(lower), BigInt(upper), isWide))
            .join(' || ') || 'false';
    this.join([
      { head: `if (${condition}) {`, ...written },
      { head: 'else {', ...this.branch(before, () => this.visit((visitor) => visitor.absent())) },
    ]);
    return name;
  }

  /** Steps over a short array of whole bytes as over any field; where it ends is checked with what follows. */
  #skipShortArray(fc: StaticLengthArrayFieldClass | DynamicLengthArrayFieldClass): boolean {
    if (fc.type !== 'static-length-array' || this.needsValue() || fc.roles !== undefined) return false;
    const bytes = (fc.length * leastSizeOf(fc.elementFieldClass)) / 8;
    if (this.place.bit !== 0 || bytes > SHORT_ARRAY_BYTES || !isPlainBytes(fc.elementFieldClass, this.scopeName))
      return false;
    this.place = stepBytes(this.place, bytes);
    return true;
  }

  #array(fc: StaticLengthArrayFieldClass | DynamicLengthArrayFieldClass, length: string, key: string): string {
    this.align(alignmentOf(fc));
    if (this.#skipShortArray(fc)) return '';
    this.settle();
    const element = fc.elementFieldClass;
    const least = leastSizeOf(element);
    const room =
      this.place.bit === 0 && least % 8 === 0
        ? `${length} * ${least / 8} <= end - p`
        : `${length} * ${least} <= (end - p) * 8 + endBit - k`;
    this.lines.push(
      `if (!(${length} >= 0 && ${least === 0 ? `${length} <= ${EMPTY_ELEMENT_LIMIT}` : room})) ${this.fail(FAIL_ARRAY)}`,
    );
    if (fc.type === 'static-length-array' && fc.roles?.includes('metadata-stream-uuid') === true)
      this.lines.push('s.metadataUuidAt = p;');
    const isShown = this.visitor?.isShown(element, this.scopeName) === true;
    this.visit((visitor) => visitor.beginArray());
    if (!this.wantsValues && !isShown && this.place.bit === 0 && isPlainBytes(element, this.scopeName)) {
      this.lines.push(`p += ${length} * ${least / 8};`);
      this.place = afterUnknownBytes(this.place);
      this.visit((visitor) => visitor.endArray());
      return '';
    }
    const name = this.wantsValues ? this.name('a') : '';
    const i = this.name('i');
    if (name !== '') this.lines.push(`const ${name} = [];`);
    const body = (place: Place): ReturnType<Generator['branch']> =>
      this.branch(place, () => {
        if (isShown) this.visit((visitor) => visitor.beginElement(i));
        const value = this.hide(!isShown, () => this.#field(element, elementKey(key)));
        if (name !== '') this.lines.push(`${name}.push(${value});`);
        if (isShown) this.visit((visitor) => visitor.endElement());
      });
    const modulus = Math.max(1, alignmentOf(element) / 8);
    let start: Place = { ...UNKNOWN_PLACE, bit: this.place.bit, modulus, rest: 0 };
    // Code is written twice where the first assumption fails; not in deep nests, where that multiplies.
    this.#loopDepth++;
    const isKnown = this.#loopDepth < 4 && this.place.modulus % modulus === 0 && this.place.rest % modulus === 0;
    let written = isKnown ? body(start) : undefined;
    if (written === undefined || !implies(written.place, start)) {
      // What held before the first element does not hold before the second: assume nothing.
      start = UNKNOWN_PLACE;
      written = body(start);
    }
    this.#loopDepth--;
    this.lines.push(`for (let ${i} = 0; ${i} < ${length}; ${i}++) {`, ...written.lines);
    if (start.bit === undefined && written.place.bit !== undefined) this.lines.push(`k = ${written.place.bit};`);
    this.lines.push('}');
    this.visit((visitor) => visitor.endArray());
    this.place = start;
    return name;
  }

  #variant(fc: VariantFieldClass, key: string): string {
    this.flush();
    const { expression, isWide } = this.slotValue(key);
    const name = this.wantsValues ? this.name('v') : '';
    const selector = this.name('e');
    const before = this.place;
    this.visit((visitor) => visitor.beginVariant());
    this.lines.push(`const ${selector} = ${expression};`);
    if (name !== '') this.lines.push(`let ${name};`);
    const branches = optionRanges(fc).map(({ lower, upper, option }, index) => {
      const { name: optionName, fieldClass } = fc.options[option] ?? fc.options[0]!;
      const written = this.branch(before, () => {
        this.visit((visitor) => visitor.beginOption());
        const value = this.#field(fieldClass, optionKey(key, optionName, option));
        if (name !== '') this.lines.push(`${name} = ${value};`);
        this.visit((visitor) => visitor.endOption());
      });
      const condition = rangeTest(selector, lower, upper, isWide);
      return { head: `${index === 0 ? '' : 'else '}if (${condition}) {`, ...written };
    });
    this.join(branches);
    this.lines.push(branches.length === 0 ? this.fail(FAIL_VARIANT) : `else ${this.fail(FAIL_VARIANT)}`);
    return name;
  }
}
