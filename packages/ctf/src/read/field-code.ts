// SPDX-License-Identifier: MIT
// What code of every field needs: whether values are wanted, who is told of fields (the visitor), where integers go
// that name lengths and options, and the clock. Field classes and roles in, statements out.
//
// `p`, `k`, `end`, `endBit`, `u8`, `view`, `cw`, `saved` and `s` in generated code mean what `DecodeState` says.

import type { FieldClass, IntegerFieldClass, ScopeName } from '../model/field-class.ts';
import { CodeWriter } from './code-writer.ts';
import { FAIL_BYTE_ORDER } from './decode-state.ts';
import { roleEffects, type RoleEffect } from './field-layout.ts';
import type { FieldVisitor, GeneratorOptions } from './generated-code.ts';
import { UNKNOWN_PLACE } from './place.ts';

export class FieldCode extends CodeWriter {
  /** Slots whose integer is decoded by this code, and the value before it is. */
  readonly producedSlots = new Map<number, string>();
  protected readonly options: GeneratorOptions;
  protected scopeName: ScopeName = 'packet-header';
  /** Set within a field that is wanted as a column. */
  protected isColumn = false;
  #hiddenDepth = 0;

  constructor(options: GeneratorOptions) {
    super(options.place ?? UNKNOWN_PLACE);
    this.options = options;
  }

  protected get clockLow(): string {
    return this.options.clockLocal ?? 'cw[0]';
  }

  protected extendClock(call: string): void {
    const local = this.options.clockLocal;
    this.lines.push(local === undefined ? call : `cw[0] = ${local}; ${call} ${local} = cw[0];`);
  }

  /** Undefined also within fields that are not shown. */
  protected get visitor(): FieldVisitor | undefined {
    return this.#hiddenDepth > 0 ? undefined : this.options.visitor;
  }

  protected visit(write: (visitor: FieldVisitor) => string): void {
    const visitor = this.visitor;
    if (visitor !== undefined) this.lines.push(write(visitor));
  }

  protected hide<T>(isHidden: boolean, write: () => T): T {
    if (!isHidden) return write();
    this.#hiddenDepth++;
    const result = write();
    this.#hiddenDepth--;
    return result;
  }

  /** Whether code makes values of fields: for records, for text, or for a column. */
  protected get wantsValues(): boolean {
    return this.options.wantsValues || this.isColumn;
  }

  protected needsValue(): boolean {
    return this.wantsValues || this.visitor !== undefined;
  }

  protected effectsOf(fc: IntegerFieldClass): readonly RoleEffect[] {
    const effects = roleEffects(fc, this.scopeName);
    return this.options.isClockless === true ? effects.filter(({ kind }) => kind !== 'clock') : effects;
  }

  /** Puts an integer where the fields that name it look. */
  protected save(slots: readonly number[], value: string, isWide: boolean): void {
    for (const slot of slots) {
      this.producedSlots.set(slot, isWide ? '0n' : '0');
      this.lines.push(`slot${slot} = ${value};`);
      if (this.options.exportsSlots) this.lines.push(`saved[${slot}] = ${value};`);
    }
  }

  protected visited(fc: FieldClass, value: string): string {
    this.visit((visitor) => visitor.value(fc, value));
    return value;
  }

  protected slotValue(key: string): { readonly expression: string; readonly isWide: boolean } {
    const { slot, isWide } = this.options.slots.consumedBy(key);
    return { expression: this.producedSlots.has(slot) ? `slot${slot}` : `saved[${slot}]`, isWide };
  }

  /** Name that holds a length as a number. */
  protected length(key: string): string {
    const { expression, isWide } = this.slotValue(key);
    const name = this.name('n');
    this.lines.push(`const ${name} = ${isWide ? `Number(${expression})` : expression};`);
    return name;
  }

  protected setProperty(property: string, value: string, isWide: boolean): string {
    const local = this.options.locals?.get(property);
    if (local === undefined) return `s.${property} = ${value};`;
    return `${local} = ${isWide ? `Number(${value})` : value};`;
  }

  /** Where fields of both byte orders may meet in a byte: the check of CTF 2's section 6.4.3. */
  protected checkByteOrder(isLittle: boolean): void {
    if (!this.options.slots.mixesByteOrders) return;
    const { bit } = this.place;
    if (bit !== 0) {
      const isInByte = bit === undefined ? 'k !== 0 && ' : '';
      this.lines.push(`if (${isInByte}s.lastIsLittle !== ${isLittle}) s.fail(${FAIL_BYTE_ORDER}, ${this.at()});`);
    }
    this.lines.push(`s.lastIsLittle = ${isLittle};`);
  }
}
