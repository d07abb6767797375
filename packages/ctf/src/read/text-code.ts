// SPDX-License-Identifier: MIT
// Generated code of text and BLOBs: the search for a string's end, and bytes of a known or counted length. Field
// classes in, statements out.

import type { FieldClass, StringFieldClass } from '../model/field-class.ts';
import { isWideText } from '../model/field-class-traits.ts';
import { FAIL_ARRAY, FAIL_STRING } from './decode-state.ts';
import { NumberCode } from './number-code.ts';
import { afterUnknownBytes } from './place.ts';

export class TextCode extends NumberCode {
  /** Set while a member of a lazy structure is written: where its text lies, instead of the text. */
  #lazyText: { begin: string; end: string } | undefined;
  #wantsPlace = false;

  /** Writes code of text that is only found, not made; undefined when it was not text of bytes. */
  protected placeOfText(write: () => void): { readonly begin: string; readonly end: string } | undefined {
    this.#wantsPlace = true;
    this.#lazyText = undefined;
    write();
    this.#wantsPlace = false;
    return this.#lazyText;
  }

  /** The value of text between two places. */
  #text(begin: string, end: string): string {
    if (!this.wantsValues) return '';
    const name = this.name('v');
    if (!this.#wantsPlace) {
      this.lines.push(`const ${name} = s.text(${begin}, ${end});`);
      return name;
    }
    const last = this.name('e');
    this.lines.push(`const ${name} = ${begin}, ${last} = ${end};`);
    this.#lazyText = { begin: name, end: last };
    return '';
  }

  protected nullTerminatedString(fc: StringFieldClass): string {
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
      ...(this.needsValue() ? [`const ${begin} = p;`] : []),
      `let ${word} = 0;`,
      `while (p < end) {`,
      ...search(0),
      ...search(4),
      'p += 8; }',
      `if (${word} === 0) ${this.fail(FAIL_STRING)}`,
      `p += (31 - Math.clz32(${word} & -${word})) >> 3;`,
      `if (p >= end) ${this.fail(FAIL_STRING)}`,
    );
    const name = this.#text(begin, 'p');
    this.visit((visitor) => visitor.text(begin, 'p'));
    this.lines.push('p++;');
    this.place = { ...afterUnknownBytes(this.place), bit: 0 };
    return name;
  }

  /** Text of `length` bytes (an expression), at a byte. */
  protected string(fc: StringFieldClass, length: string): string {
    this.flush();
    if (isWideText(fc)) return this.#wideText(fc, `readSizedText(s, ${length}, ${JSON.stringify(fc.encoding)})`);
    this.lines.push(`if (!(${length} >= 0 && ${length} <= end - p)) ${this.fail(FAIL_ARRAY)}`);
    const name = this.#text('p', `s.endOfText(p, p + ${length})`);
    this.visit((visitor) => visitor.text('p', `s.endOfText(p, p + ${length})`));
    this.lines.push(`p += ${length};`);
    this.place = afterUnknownBytes(this.place);
    return name;
  }

  /** Code that calls a reader of text which is not UTF-8. */
  #wideText(fc: FieldClass, call: string): string {
    this.flush();
    this.lines.push('s.position = p;');
    const name = this.needsValue() ? this.name('v') : '';
    this.lines.push(`${name === '' ? '' : `const ${name} = `}${call};`, 'p = s.position;');
    this.place = { ...afterUnknownBytes(this.place), bit: 0 };
    return this.visited(fc, name);
  }

  /** Bytes of their own, at a byte. */
  protected blob(fc: FieldClass, length: string): string {
    this.flush();
    this.lines.push(`if (!(${length} >= 0 && ${length} <= end - p)) ${this.fail(FAIL_ARRAY)}`);
    const name = this.needsValue() ? this.name('v') : '';
    if (name !== '') this.lines.push(`const ${name} = u8.slice(p, p + ${length});`);
    this.lines.push(`p += ${length};`);
    this.place = afterUnknownBytes(this.place);
    return this.visited(fc, name);
  }
}
