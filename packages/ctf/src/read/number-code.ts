// SPDX-License-Identifier: MIT
// Generated code of numbers: integers and floating-point numbers of any length at any bit, integers of variable length,
// booleans, and what their roles do (clock, ids, sizes). Field classes in, statements out.

import type {
  BitFieldClass,
  FieldClass,
  FixedLengthFloatFieldClass,
  FixedLengthIntegerFieldClass,
  IntegerFieldClass,
  VariableLengthIntegerFieldClass,
} from '../model/field-class.ts';
import { isReversed } from '../model/field-class-traits.ts';
import { FAIL_FIELD } from './decode-state.ts';
import { FieldCode } from './field-code.ts';
import { WIDEST_NUMBER, type RoleEffect } from './field-layout.ts';
import { bitCall, bitLoad, byteLoad, type ColumnStore } from './generated-code.ts';
import { afterUnknownBytes, stepBytes, UNKNOWN_PLACE } from './place.ts';

export class NumberCode extends FieldCode {
  protected boolean(fc: BitFieldClass, key: string): string {
    const slots = this.options.slots.producedBy(key);
    const value = this.bits(fc, false, this.needsValue() || slots.length > 0);
    this.visit((visitor) => visitor.value(fc, value));
    if (slots.length > 0) this.save(slots, `${value} != 0 ? 1 : 0`, false);
    return this.wantsValues ? `${value} != 0` : '';
  }

  protected integer(fc: IntegerFieldClass, key: string): string {
    const slots = this.options.slots.producedBy(key);
    const effects = this.effectsOf(fc);
    const isRead = this.wantsValues || slots.length > 0 || effects.length > 0;
    if (!('length' in fc)) return this.#variableInteger(fc, slots, effects, isRead || this.visitor !== undefined);
    if (!isRead && this.#visitWide(fc)) return '';
    if (this.options.values?.hasWideNumbers === true && this.wantsValues) return this.#wideNumber(fc, slots, effects);
    if (!this.wantsValues && effects.length === 0 && this.#wideLength(fc, slots)) return '';
    return this.#fixedInteger(fc, slots, effects, isRead || this.visitor !== undefined);
  }

  /** A number for any integer; where it lies on bytes and nothing else needs it, by way of two words. */
  #wideNumber(fc: FixedLengthIntegerFieldClass, slots: readonly number[], effects: readonly RoleEffect[]): string {
    if (slots.length === 0 && effects.length === 0 && fc.length === 64 && !isReversed(fc)) {
      const words = this.#words(fc);
      if (words !== undefined) {
        const name = this.name('v');
        const high = fc.type === 'fixed-length-signed-integer' ? `(${words.high} | 0)` : words.high;
        this.lines.push(`const ${name} = ${high} * 4294967296 + ${words.low};`);
        return name;
      }
    }
    const value = this.#fixedInteger(fc, slots, effects, true);
    return fc.length > WIDEST_NUMBER ? `Number(${value})` : value;
  }

  /** Words of an integer that a lazy structure keeps instead of a bigint; undefined = it has to be made at once. */
  protected lazyWords(fc: FieldClass, key: string): { readonly high: string; readonly low: string } | undefined {
    if (fc.type !== 'fixed-length-unsigned-integer' && fc.type !== 'fixed-length-signed-integer') return undefined;
    if (fc.length !== 64 || isReversed(fc) || this.options.values?.hasWideNumbers === true) return undefined;
    if (this.options.slots.producedBy(key).length > 0 || this.effectsOf(fc).length > 0) return undefined;
    return this.#words(fc);
  }

  #fixedInteger(
    fc: FixedLengthIntegerFieldClass,
    slots: readonly number[],
    effects: readonly RoleEffect[],
    isNeeded: boolean,
  ): string {
    const value = this.bits(fc, fc.type === 'fixed-length-signed-integer', isNeeded);
    this.visit((visitor) => visitor.value(fc, value));
    this.save(slots, value, fc.length > WIDEST_NUMBER);
    for (const effect of effects) {
      if (effect.kind === 'set') {
        this.lines.push(this.setProperty(effect.property, value, fc.length > WIDEST_NUMBER));
      } else if (effect.kind === 'packet-begin') {
        this.lines.push('s.packetBegin = s.clock[0];');
      } else if (fc.length === 32) {
        this.lines.push(`if (${value} < ${this.clockLow}) cw[1]++; ${this.clockLow} = ${value};`);
      } else if (fc.length < 32) {
        this.extendClock(`s.extendClock(${value}, ${fc.length});`);
      } else {
        this.extendClock(`s.extendClockWide(${value}, ${fc.length});`);
      }
    }
    return value;
  }

  #variableLength(isSigned: boolean, isNeeded: boolean): string {
    this.align(8);
    this.flush();
    const name = isNeeded ? this.name('v') : '';
    if (isNeeded) {
      // One byte holds most of them.
      this.lines.push(
        `let ${name} = p < end ? u8[p] : 255;`,
        `if (${name} < ${isSigned ? 64 : 128}) p++; else { s.position = p; ${name} = readVariableLength(s, ${isSigned}); p = s.position; }`,
      );
    } else {
      this.lines.push(`s.position = p; readVariableLength(s, ${isSigned}); p = s.position;`);
    }
    this.place = { ...afterUnknownBytes(this.place), bit: 0 };
    return name;
  }

  #variableInteger(
    fc: VariableLengthIntegerFieldClass,
    slots: readonly number[],
    effects: readonly RoleEffect[],
    isNeeded: boolean,
  ): string {
    this.align(8);
    this.flush();
    const begin = this.name('b');
    const isClock = effects.some((effect) => effect.kind === 'clock');
    if (isClock) this.lines.push(`const ${begin} = p;`);
    const value = this.#variableLength(fc.type === 'variable-length-signed-integer', isNeeded);
    this.visit((visitor) => visitor.value(fc, value));
    this.save(slots, value, true);
    for (const effect of effects) {
      if (effect.kind === 'clock') this.extendClock(`s.extendClockWide(${value}, (p - ${begin}) * 7);`);
      else if (effect.kind === 'packet-begin') this.lines.push('s.packetBegin = s.clock[0];');
      else this.lines.push(this.setProperty(effect.property, value, true));
    }
    if (value !== '' && this.wantsValues && this.options.values?.hasWideNumbers === true) return `Number(${value})`;
    return value;
  }

  /** Stores an integer of 64 bits as words in a column, where it lies on bytes. */
  protected storeWords(fc: FieldClass, key: string, column: ColumnStore): boolean {
    if (!('byteOrder' in fc) || fc.length !== 64 || isReversed(fc) || this.options.slots.producedBy(key).length > 0)
      return false;
    if ('roles' in fc || 'clock' in fc) return false;
    const words = this.#words(fc);
    if (words === undefined) return false;
    this.lines.push(column.storeWords!(words.high, words.low));
    return true;
  }

  /** Hands an integer of 64 bits over as words, where it lies on bytes. */
  #visitWide(fc: FixedLengthIntegerFieldClass): boolean {
    if (fc.length !== 64 || this.visitor === undefined || isReversed(fc)) return false;
    const words = this.#words(fc);
    if (words === undefined) return false;
    this.visit((visitor) => visitor.wideInteger(fc, words.high, words.low));
    return true;
  }

  /** A length of 64 bits, as LTTng's are, as a number: a bigint a sequence costs more than all else of it. */
  #wideLength(fc: FixedLengthIntegerFieldClass, slots: readonly number[]): boolean {
    if (fc.length !== 64 || isReversed(fc) || slots.length === 0 || !this.options.slots.areLengths(slots)) return false;
    const words = this.#words(fc);
    if (words === undefined) return false;
    this.visit((visitor) => visitor.wideInteger(fc, words.high, words.low));
    this.save(slots, `${words.high} * 4294967296 + ${words.low}`, false);
    return true;
  }

  /** Loads 64 bits as two unsigned words, if they lie on bytes. */
  #words(fc: BitFieldClass): { readonly high: string; readonly low: string } | undefined {
    this.align(fc.alignment);
    if (this.place.bit !== 0) return undefined;
    const isLittle = fc.byteOrder === 'little-endian';
    this.checkByteOrder(isLittle);
    this.ensure(8);
    const [high, low] = [this.name('h'), this.name('l')];
    const word = (offset: number): string => `view.getUint32(${this.at()} + ${offset}, ${isLittle})`;
    this.lines.push(`const ${low} = ${word(isLittle ? 0 : 4)}, ${high} = ${word(isLittle ? 4 : 0)};`);
    this.place = stepBytes(this.place, 8);
    return { high, low };
  }

  /** Code of a field of bits; returns the name that has the value, '' when none is needed. */
  protected bits(fc: BitFieldClass, isSigned: boolean, isNeeded: boolean): string {
    this.align(fc.alignment);
    const { length } = fc;
    const isLittle = fc.byteOrder === 'little-endian';
    this.checkByteOrder(isLittle);
    if (isReversed(fc) && isNeeded) return this.#reversedBits(fc, isSigned);
    const name = isNeeded ? this.name('v') : '';
    const { bit } = this.place;
    if (bit === 0 && length % 8 === 0) {
      const bytes = length / 8;
      if (isNeeded) {
        this.ensure(bytes);
        this.lines.push(`const ${name} = ${byteLoad(this.at(), length, isSigned, isLittle)};`);
      }
      this.place = stepBytes(this.place, bytes);
      return name;
    }
    if (bit !== undefined) {
      const after = bit + length;
      if (isNeeded) {
        this.ensureBits(after);
        this.lines.push(`const ${name} = ${bitLoad(this.at(), bit, length, isSigned, isLittle)};`);
      }
      this.place = { ...stepBytes(this.place, after >> 3), bit: after & 7 };
      return name;
    }
    this.flush();
    const [byteAfter, bitAfter] = [this.name('q'), this.name('t')];
    this.lines.push(
      `const ${byteAfter} = p + ((k + ${length}) >> 3), ${bitAfter} = (k + ${length}) & 7;`,
      `if (${byteAfter} > end || (${byteAfter} === end && ${bitAfter} > endBit)) ${this.fail(FAIL_FIELD)}`,
    );
    if (isNeeded) this.lines.push(`const ${name} = ${bitCall('p', 'k', length, isSigned, isLittle)};`);
    this.lines.push(`p = ${byteAfter}; k = ${bitAfter};`);
    this.place = UNKNOWN_PLACE;
    return name;
  }

  #reversedBits(fc: BitFieldClass, isSigned: boolean): string {
    const { length, byteOrder } = fc;
    this.settle();
    const [byteAfter, bitAfter, name] = [this.name('q'), this.name('t'), this.name('v')];
    this.lines.push(
      `const ${byteAfter} = p + ((k + ${length}) >> 3), ${bitAfter} = (k + ${length}) & 7;`,
      `if (${byteAfter} > end || (${byteAfter} === end && ${bitAfter} > endBit)) ${this.fail(FAIL_FIELD)}`,
      `const ${name} = readReversedBits(u8, p, k, ${length}, ${byteOrder === 'little-endian'}, ${isSigned});`,
      `p = ${byteAfter}; k = ${bitAfter};`,
    );
    this.place = UNKNOWN_PLACE;
    return name;
  }

  protected float(fc: FixedLengthFloatFieldClass): string {
    this.align(fc.alignment);
    const isLittle = fc.byteOrder === 'little-endian';
    if (this.place.bit !== 0 || isReversed(fc) || (fc.length !== 32 && fc.length !== 64)) {
      // Rare enough for one way: read it as bits where they are, then step as over an integer.
      this.settle();
      const before = { p: this.name('b'), k: this.name('c') };
      this.lines.push(`const ${before.p} = p, ${before.k} = k;`);
      this.place = UNKNOWN_PLACE;
      this.bits({ ...fc, alignment: 1 }, false, false);
      if (!this.needsValue()) return '';
      const name = this.name('v');
      this.lines.push(
        `const ${name} = readBitFloat(u8, ${before.p}, ${before.k}, ${fc.length}, ${isLittle}, ${isReversed(fc)});`,
      );
      this.visit((visitor) => visitor.real(name, undefined));
      return name;
    }
    this.checkByteOrder(isLittle);
    const bytes = fc.length / 8;
    let name = '';
    const signByte = `u8[${this.at()} + ${isLittle ? bytes - 1 : 0}]`;
    if (this.needsValue()) {
      this.ensure(bytes);
      name = this.name('v');
      this.lines.push(`const ${name} = view.getFloat${fc.length}(${this.at()}, ${isLittle});`);
    }
    if (name !== '') this.visit((visitor) => visitor.real(name, signByte));
    this.place = stepBytes(this.place, bytes);
    return name;
  }
}
