// SPDX-License-Identifier: MIT
// The generator: field classes in, lines of JavaScript that decode them out. Two kinds of code come
// from one walk: code that makes values, and code that only steps over them and so counts.
//
// Names of a trace appear in the code as JSON string literals in object literals and nowhere else;
// every identifier is made here from a counter. `p`, `k`, `end`, `endBit`, `u8`, `view`, `cw`, `saved`
// and `s` mean what `DecodeState` says.

import { assertUnreachable } from '@lockstep/base';
import type {
  BitFieldClass,
  DynamicLengthArrayFieldClass,
  FieldClass,
  FixedLengthFloatFieldClass,
  FixedLengthIntegerFieldClass,
  IntegerFieldClass,
  OptionalFieldClass,
  ScopeName,
  StaticLengthArrayFieldClass,
  StringFieldClass,
  StructureFieldClass,
  VariableLengthIntegerFieldClass,
  VariantFieldClass,
} from '../model/field-class.ts';
import {
  EMPTY_ELEMENT_LIMIT,
  FAIL_ARRAY,
  FAIL_BYTE_ORDER,
  FAIL_FIELD,
  FAIL_STRING,
  FAIL_VARIANT,
} from './decode-state.ts';
import {
  alignmentOf,
  elementKey,
  leastSizeOf,
  memberKey,
  optionKey,
  optionRanges,
  roleEffects,
  type RoleEffect,
  type Scope,
  WIDEST_NUMBER,
} from './field-layout.ts';
import { isReversed, isWideText } from '../model/field-class-traits.ts';
import { CodeWriter } from './code-writer.ts';
import {
  bitCall,
  bitLoad,
  byteLoad,
  isPlainBytes,
  rangeTest,
  type ColumnStore,
  type ColumnStores,
  type FieldVisitor,
  type GeneratorOptions,
} from './generated-code.ts';
import { afterUnknownBytes, implies, stepBytes, UNKNOWN_PLACE, type Place } from './place.ts';

/** Longer arrays are checked before they are stepped over. */
const SHORT_ARRAY_BYTES = 4096;

export type { ColumnStore, ColumnStores, FieldVisitor, GeneratorOptions } from './generated-code.ts';

export class Generator extends CodeWriter {
  /** Slots whose integer is decoded by this code, and the value before it is. */
  readonly producedSlots = new Map<number, string>();
  /** Set while code of a class is written of which fields are wanted as columns. */
  columnStores: ColumnStores | undefined = undefined;
  readonly #options: GeneratorOptions;
  #scope: ScopeName = 'packet-header';
  #loopDepth = 0;
  #hiddenDepth = 0;
  #isColumn = false;

  constructor(options: GeneratorOptions) {
    super(options.place ?? UNKNOWN_PLACE);
    this.#options = options;
  }

  /** Writes the code of a scope; returns the expression of its value, '' in code that only steps. */
  scope(scope: Scope): string {
    this.#scope = scope.name;
    return this.#structure(scope.fieldClass, scope.key);
  }

  get #clockLow(): string {
    return this.#options.clockLocal ?? 'cw[0]';
  }

  #extendClock(call: string): void {
    const local = this.#options.clockLocal;
    this.lines.push(local === undefined ? call : `cw[0] = ${local}; ${call} ${local} = cw[0];`);
  }

  /** Undefined also within fields that are not shown. */
  get #visitor(): FieldVisitor | undefined {
    return this.#hiddenDepth > 0 ? undefined : this.#options.visitor;
  }

  #visit(write: (visitor: FieldVisitor) => string): void {
    const visitor = this.#visitor;
    if (visitor !== undefined) this.lines.push(write(visitor));
  }

  #hide<T>(isHidden: boolean, write: () => T): T {
    if (!isHidden) return write();
    this.#hiddenDepth++;
    const result = write();
    this.#hiddenDepth--;
    return result;
  }

  /** Whether code makes values of fields: for records, for text, or for a column. */
  get #wantsValues(): boolean {
    return this.#options.wantsValues || this.#isColumn;
  }

  #needsValue(): boolean {
    return this.#wantsValues || this.#visitor !== undefined;
  }

  #field(fc: FieldClass, key: string): string {
    const column = this.columnStores?.get(key);
    if (column === undefined) return this.#anyField(fc, key);
    if (column.storeWords !== undefined && fc.type.startsWith('fixed-length') && this.#storeWords(fc, key, column))
      return '';
    const isInColumn = this.#isColumn;
    this.#isColumn = true;
    const value = this.#anyField(fc, key);
    this.#isColumn = isInColumn;
    this.lines.push(column.store(value));
    return value;
  }

  #anyField(fc: FieldClass, key: string): string {
    switch (fc.type) {
      case 'fixed-length-unsigned-integer':
      case 'fixed-length-signed-integer':
        return this.#integer(fc, key);
      case 'variable-length-unsigned-integer':
      case 'variable-length-signed-integer':
        return this.#integer(fc, key);
      case 'fixed-length-bit-array':
      case 'fixed-length-bit-map':
        return this.#visited(fc, this.#bits(fc, false, this.#needsValue()));
      case 'fixed-length-boolean':
        return this.#boolean(fc, key);
      case 'fixed-length-floating-point-number':
        return this.#float(fc);
      case 'null-terminated-string':
        return this.#nullTerminatedString(fc);
      case 'static-length-string':
        this.align(8);
        return this.#string(fc, String(fc.length));
      case 'dynamic-length-string': {
        const length = this.#length(key);
        this.align(8);
        return this.#string(fc, length);
      }
      case 'static-length-blob':
        this.align(8);
        if (fc.roles?.includes('metadata-stream-uuid') === true) this.lines.push(`s.metadataUuidAt = ${this.at()};`);
        return this.#blob(fc, String(fc.length));
      case 'dynamic-length-blob': {
        const length = this.#length(key);
        this.align(8);
        return this.#blob(fc, length);
      }
      case 'optional':
        return this.#optional(fc, key);
      case 'structure':
        return this.#structure(fc, key);
      case 'static-length-array':
        return this.#array(fc, String(fc.length), key);
      case 'dynamic-length-array':
        return this.#array(fc, this.#length(key), key);
      case 'variant':
        return this.#variant(fc, key);
      default:
        return assertUnreachable(fc);
    }
  }

  #structure(fc: StructureFieldClass, key: string): string {
    this.align(alignmentOf(fc));
    const members: string[] = [];
    let shownCount = 0;
    this.#visit((visitor) => visitor.beginStructure());
    fc.memberClasses.forEach((member, index) => {
      if (this.#needsValue()) this.#ensureRun(fc, index);
      const isShown = this.#visitor?.isShown(member.fieldClass, this.#scope) === true;
      if (isShown) this.#visit((visitor) => visitor.beginMember(member.name, shownCount++));
      const value = this.#hide(!isShown, () => this.#field(member.fieldClass, memberKey(key, member.name)));
      // A literal's `__proto__:` would set the prototype; a computed name defines a member.
      const name = JSON.stringify(member.name);
      members.push(`${member.name === '__proto__' ? `[${name}]` : name}: ${value}`);
    });
    this.#visit((visitor) => visitor.endStructure());
    return this.#wantsValues ? `{ ${members.join(', ')} }` : '';
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

  /** Puts an integer where the fields that name it look. */
  #save(slots: readonly number[], value: string, isWide: boolean): void {
    for (const slot of slots) {
      this.producedSlots.set(slot, isWide ? '0n' : '0');
      this.lines.push(`slot${slot} = ${value};`);
      if (this.#options.exportsSlots) this.lines.push(`saved[${slot}] = ${value};`);
    }
  }

  #visited(fc: FieldClass, value: string): string {
    this.#visit((visitor) => visitor.value(fc, value));
    return value;
  }

  #boolean(fc: BitFieldClass, key: string): string {
    const slots = this.#options.slots.producedBy(key);
    const value = this.#bits(fc, false, this.#needsValue() || slots.length > 0);
    this.#visit((visitor) => visitor.value(fc, value));
    if (slots.length > 0) this.#save(slots, `${value} != 0 ? 1 : 0`, false);
    return this.#wantsValues ? `${value} != 0` : '';
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

  #integer(fc: IntegerFieldClass, key: string): string {
    const slots = this.#options.slots.producedBy(key);
    const effects = this.#effectsOf(fc);
    const isRead = this.#wantsValues || slots.length > 0 || effects.length > 0;
    if (!('length' in fc)) return this.#variableInteger(fc, slots, effects, isRead || this.#visitor !== undefined);
    if (!isRead && this.#visitWide(fc)) return '';
    const value = this.#bits(fc, fc.type === 'fixed-length-signed-integer', isRead || this.#visitor !== undefined);
    this.#visit((visitor) => visitor.value(fc, value));
    this.#save(slots, value, fc.length > WIDEST_NUMBER);
    for (const effect of effects) {
      if (effect.kind === 'set') {
        this.lines.push(this.#setProperty(effect.property, value, fc.length > WIDEST_NUMBER));
      } else if (effect.kind === 'packet-begin') {
        this.lines.push('s.packetBegin = s.clock[0];');
      } else if (fc.length === 32) {
        this.lines.push(`if (${value} < ${this.#clockLow}) cw[1]++; ${this.#clockLow} = ${value};`);
      } else if (fc.length < 32) {
        this.#extendClock(`s.extendClock(${value}, ${fc.length});`);
      } else {
        this.#extendClock(`s.extendClockWide(${value}, ${fc.length});`);
      }
    }
    return value;
  }

  #effectsOf(fc: IntegerFieldClass): readonly RoleEffect[] {
    const effects = roleEffects(fc, this.#scope);
    return this.#options.isClockless === true ? effects.filter(({ kind }) => kind !== 'clock') : effects;
  }

  /** The same for a column. */
  #storeWords(fc: FieldClass, key: string, column: ColumnStore): boolean {
    if (!('byteOrder' in fc) || fc.length !== 64 || isReversed(fc) || this.#options.slots.producedBy(key).length > 0)
      return false;
    if ('roles' in fc || 'clock' in fc) return false;
    const words = this.#words(fc);
    if (words === undefined) return false;
    this.lines.push(column.storeWords!(words.high, words.low));
    return true;
  }

  /** Hands an integer of 64 bits over as words, where it lies on bytes. */
  #visitWide(fc: FixedLengthIntegerFieldClass): boolean {
    if (fc.length !== 64 || this.#visitor === undefined || isReversed(fc)) return false;
    const words = this.#words(fc);
    if (words === undefined) return false;
    this.#visit((visitor) => visitor.wideInteger(fc, words.high, words.low));
    return true;
  }

  /** Loads 64 bits as two unsigned words, if they lie on bytes. */
  #words(fc: BitFieldClass): { readonly high: string; readonly low: string } | undefined {
    this.align(fc.alignment);
    if (this.place.bit !== 0) return undefined;
    const isLittle = fc.byteOrder === 'little-endian';
    this.#checkByteOrder(isLittle);
    this.ensure(8);
    const [high, low] = [this.name('h'), this.name('l')];
    const word = (offset: number): string => `view.getUint32(${this.at()} + ${offset}, ${isLittle})`;
    this.lines.push(`const ${low} = ${word(isLittle ? 0 : 4)}, ${high} = ${word(isLittle ? 4 : 0)};`);
    this.place = stepBytes(this.place, 8);
    return { high, low };
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
    this.#visit((visitor) => visitor.value(fc, value));
    this.#save(slots, value, true);
    for (const effect of effects) {
      if (effect.kind === 'clock') this.#extendClock(`s.extendClockWide(${value}, (p - ${begin}) * 7);`);
      else if (effect.kind === 'packet-begin') this.lines.push('s.packetBegin = s.clock[0];');
      else this.lines.push(this.#setProperty(effect.property, value, true));
    }
    return value;
  }

  #setProperty(property: string, value: string, isWide: boolean): string {
    const local = this.#options.locals?.get(property);
    if (local === undefined) return `s.${property} = ${value};`;
    return `${local} = ${isWide ? `Number(${value})` : value};`;
  }

  /** Where fields of both byte orders may meet in a byte: the check of CTF 2's section 6.4.3. */
  #checkByteOrder(isLittle: boolean): void {
    if (!this.#options.slots.mixesByteOrders) return;
    const { bit } = this.place;
    if (bit !== 0) {
      const isInByte = bit === undefined ? 'k !== 0 && ' : '';
      this.lines.push(`if (${isInByte}s.lastIsLittle !== ${isLittle}) s.fail(${FAIL_BYTE_ORDER}, ${this.at()});`);
    }
    this.lines.push(`s.lastIsLittle = ${isLittle};`);
  }

  /** Code of a field of bits; returns the name that has the value, '' when none is needed. */
  #bits(fc: BitFieldClass, isSigned: boolean, isNeeded: boolean): string {
    this.align(fc.alignment);
    const { length } = fc;
    const isLittle = fc.byteOrder === 'little-endian';
    this.#checkByteOrder(isLittle);
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

  #float(fc: FixedLengthFloatFieldClass): string {
    this.align(fc.alignment);
    const isLittle = fc.byteOrder === 'little-endian';
    if (this.place.bit !== 0 || isReversed(fc) || (fc.length !== 32 && fc.length !== 64)) {
      // Rare enough for one way: read it as bits where they are, then step as over an integer.
      this.settle();
      const before = { p: this.name('b'), k: this.name('c') };
      this.lines.push(`const ${before.p} = p, ${before.k} = k;`);
      this.place = UNKNOWN_PLACE;
      this.#bits({ ...fc, alignment: 1 }, false, false);
      if (!this.#needsValue()) return '';
      const name = this.name('v');
      this.lines.push(
        `const ${name} = readBitFloat(u8, ${before.p}, ${before.k}, ${fc.length}, ${isLittle}, ${isReversed(fc)});`,
      );
      this.#visit((visitor) => visitor.real(name, undefined));
      return name;
    }
    this.#checkByteOrder(isLittle);
    const bytes = fc.length / 8;
    let name = '';
    const signByte = `u8[${this.at()} + ${isLittle ? bytes - 1 : 0}]`;
    if (this.#needsValue()) {
      this.ensure(bytes);
      name = this.name('v');
      this.lines.push(`const ${name} = view.getFloat${fc.length}(${this.at()}, ${isLittle});`);
    }
    if (name !== '') this.#visit((visitor) => visitor.real(name, signByte));
    this.place = stepBytes(this.place, bytes);
    return name;
  }

  /** Code that calls a reader of text which is not UTF-8. */
  #wideText(fc: FieldClass, call: string): string {
    this.flush();
    this.lines.push('s.position = p;');
    const name = this.#needsValue() ? this.name('v') : '';
    this.lines.push(`${name === '' ? '' : `const ${name} = `}${call};`, 'p = s.position;');
    this.place = { ...afterUnknownBytes(this.place), bit: 0 };
    return this.#visited(fc, name);
  }

  #nullTerminatedString(fc: StringFieldClass): string {
    this.align(8);
    this.flush();
    if (isWideText(fc)) return this.#wideText(fc, `readTerminatedText(s, ${JSON.stringify(fc.encoding)})`);
    const [begin, word] = [this.name('b'), this.name('w')];
    // Four bytes at a time: the lowest bit set in `word` lies in the first byte that is 0 (Mycroft). A
    // shorter test goes first, which other text than ASCII may pass as well. The loads may reach 7 bytes
    // beyond the content: the buffer is longer than the packet.
    const search = (bytes: number): string[] => {
      const load = this.name('d');
      return [
        `const ${load} = view.getInt32(p + ${bytes}, true);`,
        `if (((${load} - 0x01010101) & 0x80808080) !== 0) {`,
        `${word} = (${load} - 0x01010101) & ~${load} & 0x80808080; if (${word} !== 0) { p += ${bytes}; break; }`,
        '}',
      ];
    };
    this.lines.push(
      ...(this.#needsValue() ? [`const ${begin} = p;`] : []),
      `let ${word} = 0;`,
      `while (p < end) {`,
      ...search(0),
      ...search(4),
      'p += 8; }',
      `if (${word} === 0) ${this.fail(FAIL_STRING)}`,
      `p += (31 - Math.clz32(${word} & -${word})) >> 3;`,
      `if (p >= end) ${this.fail(FAIL_STRING)}`,
    );
    const name = this.#wantsValues ? this.name('v') : '';
    if (name !== '') this.lines.push(`const ${name} = s.text(${begin}, p);`);
    this.#visit((visitor) => visitor.text(begin, 'p'));
    this.lines.push('p++;');
    this.place = { ...afterUnknownBytes(this.place), bit: 0 };
    return name;
  }

  /** Text of `length` bytes (an expression), at a byte. */
  #string(fc: StringFieldClass, length: string): string {
    this.flush();
    if (isWideText(fc)) return this.#wideText(fc, `readSizedText(s, ${length}, ${JSON.stringify(fc.encoding)})`);
    this.lines.push(`if (!(${length} >= 0 && ${length} <= end - p)) ${this.fail(FAIL_ARRAY)}`);
    const name = this.#wantsValues ? this.name('v') : '';
    if (name !== '') this.lines.push(`const ${name} = s.textUntilNul(p, p + ${length});`);
    this.#visit((visitor) => visitor.text('p', `s.endOfText(p, p + ${length})`));
    this.lines.push(`p += ${length};`);
    this.place = afterUnknownBytes(this.place);
    return name;
  }

  /** Bytes of their own, at a byte. */
  #blob(fc: FieldClass, length: string): string {
    this.flush();
    this.lines.push(`if (!(${length} >= 0 && ${length} <= end - p)) ${this.fail(FAIL_ARRAY)}`);
    const name = this.#needsValue() ? this.name('v') : '';
    if (name !== '') this.lines.push(`const ${name} = u8.slice(p, p + ${length});`);
    this.lines.push(`p += ${length};`);
    this.place = afterUnknownBytes(this.place);
    return this.#visited(fc, name);
  }

  #optional(fc: OptionalFieldClass, key: string): string {
    this.flush();
    const { expression, isWide } = this.#slotValue(key);
    const name = this.#wantsValues ? this.name('v') : '';
    const selector = this.name('e');
    const before = this.place;
    this.#visit((visitor) => visitor.beginVariant());
    this.lines.push(`const ${selector} = ${expression};`);
    if (name !== '') this.lines.push(`let ${name};`);
    const written = this.branch(before, () => {
      const value = this.#field(fc.fieldClass, elementKey(key));
      if (name !== '') this.lines.push(`${name} = ${value};`);
      this.#visit((visitor) => visitor.endElement());
    });
    const condition =
      fc.selectorFieldRanges === undefined
        ? `${selector} != 0`
        : fc.selectorFieldRanges
            .map(([lower, upper]) => rangeTest(selector, BigInt(lower), BigInt(upper), isWide))
            .join(' || ') || 'false';
    this.join([
      { head: `if (${condition}) {`, ...written },
      { head: 'else {', ...this.branch(before, () => this.#visit((visitor) => visitor.absent())) },
    ]);
    return name;
  }

  #slotValue(key: string): { readonly expression: string; readonly isWide: boolean } {
    const { slot, isWide } = this.#options.slots.consumedBy(key);
    return { expression: this.producedSlots.has(slot) ? `slot${slot}` : `saved[${slot}]`, isWide };
  }

  /** Name that holds a length as a number. */
  #length(key: string): string {
    const { expression, isWide } = this.#slotValue(key);
    const name = this.name('n');
    this.lines.push(`const ${name} = ${isWide ? `Number(${expression})` : expression};`);
    return name;
  }

  /** Steps over a short array of whole bytes as over any field; where it ends is checked with what follows. */
  #skipShortArray(fc: StaticLengthArrayFieldClass | DynamicLengthArrayFieldClass): boolean {
    if (fc.type !== 'static-length-array' || this.#needsValue() || fc.roles !== undefined) return false;
    const bytes = (fc.length * leastSizeOf(fc.elementFieldClass)) / 8;
    if (this.place.bit !== 0 || bytes > SHORT_ARRAY_BYTES || !isPlainBytes(fc.elementFieldClass, this.#scope))
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
    const isShown = this.#visitor?.isShown(element, this.#scope) === true;
    this.#visit((visitor) => visitor.beginArray());
    if (!this.#wantsValues && !isShown && this.place.bit === 0 && isPlainBytes(element, this.#scope)) {
      this.lines.push(`p += ${length} * ${least / 8};`);
      this.place = afterUnknownBytes(this.place);
      this.#visit((visitor) => visitor.endArray());
      return '';
    }
    const name = this.#wantsValues ? this.name('a') : '';
    const i = this.name('i');
    if (name !== '') this.lines.push(`const ${name} = [];`);
    const body = (place: Place): ReturnType<Generator['branch']> =>
      this.branch(place, () => {
        if (isShown) this.#visit((visitor) => visitor.beginElement(i));
        const value = this.#hide(!isShown, () => this.#field(element, elementKey(key)));
        if (name !== '') this.lines.push(`${name}.push(${value});`);
        if (isShown) this.#visit((visitor) => visitor.endElement());
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
    this.#visit((visitor) => visitor.endArray());
    this.place = start;
    return name;
  }

  #variant(fc: VariantFieldClass, key: string): string {
    this.flush();
    const { expression, isWide } = this.#slotValue(key);
    const name = this.#wantsValues ? this.name('v') : '';
    const selector = this.name('e');
    const before = this.place;
    this.#visit((visitor) => visitor.beginVariant());
    this.lines.push(`const ${selector} = ${expression};`);
    if (name !== '') this.lines.push(`let ${name};`);
    const branches = optionRanges(fc).map(({ lower, upper, option }, index) => {
      const { name: optionName, fieldClass } = fc.options[option] ?? fc.options[0]!;
      const written = this.branch(before, () => {
        this.#visit((visitor) => visitor.beginOption());
        const value = this.#field(fieldClass, optionKey(key, optionName, option));
        if (name !== '') this.lines.push(`${name} = ${value};`);
        this.#visit((visitor) => visitor.endOption());
      });
      const condition = rangeTest(selector, lower, upper, isWide);
      return { head: `${index === 0 ? '' : 'else '}if (${condition}) {`, ...written };
    });
    this.join(branches);
    this.lines.push(branches.length === 0 ? this.fail(FAIL_VARIANT) : `else ${this.fail(FAIL_VARIANT)}`);
    return name;
  }
}
