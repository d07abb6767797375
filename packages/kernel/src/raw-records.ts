// SPDX-License-Identifier: MIT
// The events of one raw sub-buffer, without their times: for what has to look at a page before it is
// converted. The layout is told in page-converter.ts, whose loop this follows.

const PAGE_HEADER_WORDS = 4;
const COMMIT_SIZE_MASK = 0x07ff_ffff;
const TYPE_PADDING = 29;
const TYPE_TIME_EXTEND = 30;
const TYPE_TIME_STAMP = 31;

/** `visit` gets the word where an event's data begin and its bytes. Ends on any bytes. */
export function forEachRecord(
  source: Int32Array,
  page: number,
  pageSizeBytes: number,
  visit: (record: number, recordBytes: number) => void,
): void {
  const sizeBytes = (source[page + 2] as number) & COMMIT_SIZE_MASK;
  if (sizeBytes > pageSizeBytes - PAGE_HEADER_WORDS * 4) return;
  let i = page + PAGE_HEADER_WORDS;
  const end = i + (sizeBytes >> 2);
  while (i < end) {
    const word = source[i] as number;
    const typeLength = word & 31;
    const more = i + 1 < end ? (source[i + 1] as number) >>> 0 : 0;
    if (typeLength === TYPE_TIME_EXTEND || typeLength === TYPE_TIME_STAMP) {
      i += 2;
      continue;
    }
    if (typeLength === TYPE_PADDING) {
      if (word >>> 5 === 0) return;
      i += 1 + Math.max(1, (more + 3) >>> 2);
      continue;
    }
    if (typeLength === 0 && more < 8) return;
    const record = typeLength === 0 ? i + 2 : i + 1;
    const words = typeLength === 0 ? (more - 1) >>> 2 : typeLength;
    i = record + words;
    if (i > end) return;
    visit(record, words << 2);
  }
}
