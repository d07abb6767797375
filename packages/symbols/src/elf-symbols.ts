// SPDX-License-Identifier: MIT
// An ELF file -> the functions that its symbol tables name, by virtual address, and where a byte of the
// file lies in memory. Little-endian, 32 and 64 bits. The file may be anything: what makes no sense gives
// no symbols.
//
// Of the 64-bit header (elf(5)): 16 type, 32 program headers' offset, 40 section headers' offset, 54 size and 56
// count of program headers, 58 size and 60 count of section headers.

import { AddressTable, type NamedRange } from './address-table.ts';

export interface ElfSymbols {
  readonly functions: AddressTable;
  /** Virtual address of a byte of the file; undefined when it is not loaded. */
  readonly toVirtual: (fileOffset: bigint) => bigint | undefined;
}

const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
const PT_LOAD = 1;
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
/** Chromium has a million. */
const MAX_SYMBOLS = 2_000_000;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** Undefined for bytes that are no ELF file of little-endian words. */
export function parseElf(bytes: Uint8Array): ElfSymbols | undefined {
  if (bytes.length < 64 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46)
    return undefined;
  if (bytes[5] !== 1) return undefined;
  try {
    return new ElfReader(bytes, bytes[4] === 2).read();
  } catch (error) {
    // An offset beyond the file.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

class ElfReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #is64: boolean;

  constructor(bytes: Uint8Array, is64: boolean) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#is64 = is64;
  }

  read(): ElfSymbols {
    const sections = this.#sections();
    const ranges: NamedRange[] = [];
    for (const section of sections) {
      const strings = sections[section.link];
      if ((section.type !== SHT_SYMTAB && section.type !== SHT_DYNSYM) || strings === undefined) continue;
      this.#readSymbols(section, strings, ranges);
    }
    const segments = this.#segments();
    return {
      functions: new AddressTable(ranges),
      toVirtual: (offset) => {
        const segment = segments.find((one) => offset >= one.offset && offset < one.offset + one.size);
        return segment === undefined ? undefined : offset - segment.offset + segment.address;
      },
    };
  }

  #word(at: number): bigint {
    return this.#is64 ? this.#view.getBigUint64(at, true) : BigInt(this.#view.getUint32(at, true));
  }

  #sections(): Section[] {
    const at = Number(this.#word(this.#is64 ? 40 : 32));
    const size = this.#view.getUint16(this.#is64 ? 58 : 46, true);
    const count = this.#view.getUint16(this.#is64 ? 60 : 48, true);
    return Array.from({ length: at === 0 ? 0 : count }, (_, index): Section => {
      const begin = at + index * size;
      return {
        type: this.#view.getUint32(begin + 4, true),
        offset: Number(this.#word(begin + (this.#is64 ? 24 : 16))),
        size: Number(this.#word(begin + (this.#is64 ? 32 : 20))),
        link: this.#view.getUint32(begin + (this.#is64 ? 40 : 24), true),
      };
    });
  }

  #segments(): { readonly offset: bigint; readonly address: bigint; readonly size: bigint }[] {
    const at = Number(this.#word(this.#is64 ? 32 : 28));
    const size = this.#view.getUint16(this.#is64 ? 54 : 42, true);
    const count = this.#view.getUint16(this.#is64 ? 56 : 44, true);
    const segments = [];
    for (let index = 0; index < count; index++) {
      const begin = at + index * size;
      if (this.#view.getUint32(begin, true) !== PT_LOAD) continue;
      segments.push({
        offset: this.#word(begin + (this.#is64 ? 8 : 4)),
        address: this.#word(begin + (this.#is64 ? 16 : 8)),
        size: this.#word(begin + (this.#is64 ? 32 : 16)),
      });
    }
    return segments;
  }

  #readSymbols(table: Section, strings: Section, ranges: NamedRange[]): void {
    const entrySize = this.#is64 ? 24 : 16;
    const count = Math.min(MAX_SYMBOLS - ranges.length, Math.floor(table.size / entrySize));
    for (let index = 0; index < count; index++) {
      const at = table.offset + index * entrySize;
      const type = this.#view.getUint8(at + (this.#is64 ? 4 : 12)) & 15;
      const begin = this.#word(at + (this.#is64 ? 8 : 4));
      if ((type !== STT_FUNC && type !== STT_GNU_IFUNC) || begin === 0n) continue;
      const name = this.#text(strings.offset + this.#view.getUint32(at, true));
      if (name !== '') ranges.push({ begin, size: this.#word(at + (this.#is64 ? 16 : 8)), name });
    }
  }

  #text(at: number): string {
    const end = this.#bytes.indexOf(0, at);
    return end < 0 || end - at > 4096
      ? ''
      : Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + at, end - at).toString('latin1');
  }
}
