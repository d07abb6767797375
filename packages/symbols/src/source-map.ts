// SPDX-License-Identifier: MIT
// A source map (ECMA-426, version 3, plain or indexed): JSON text in, lookups from generated to
// original positions out. The mappings become one Int32Array of segments, found by binary search. All
// of it is hostile: sizes are bounded, what is broken ends the map early and never throws.
//
//   segments  | line | column | source | original line | original column | name |   6 words each,
//   ascending by (line, column); lines and columns from 0, source and name -1 = none

import { VlqCursor } from './vlq.ts';

/** Segments of one map; 24 bytes each. A bundle of 10 MB of code has about a million. */
const MAX_SEGMENTS = 8_000_000;
/** Sections of an indexed map. */
const MAX_SECTIONS = 10_000;
const WORDS = 6;

/** Lines and columns from 1, as everywhere outside the format. */
export interface OriginalPosition {
  readonly source: string;
  readonly line: number;
  readonly column: number;
  readonly name?: string;
}

export interface SourceMap {
  /** Without a column: the first mapping of that line. */
  readonly find: (line: number, column?: number) => OriginalPosition | undefined;
}

interface MapJson {
  readonly version?: unknown;
  readonly sourceRoot?: unknown;
  readonly sources?: unknown;
  readonly names?: unknown;
  readonly mappings?: unknown;
  readonly sections?: unknown;
}

/** Undefined when the text is no source map of version 3. */
export function parseSourceMap(text: string): SourceMap | undefined {
  const json = parseObject(text);
  if (json === undefined || json.version !== 3) return undefined;
  if (Array.isArray(json.sections)) return parseIndexed(json.sections);
  return parsePlain(json, MAX_SEGMENTS);
}

function parseObject(text: string): MapJson | undefined {
  try {
    // A line `)]}'` before the JSON keeps browsers from running it as a script.
    const value: unknown = JSON.parse(text.startsWith(')]}') ? text.slice(text.indexOf('\n') + 1) : text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

class PlainMap implements SourceMap {
  readonly #segments: Int32Array;
  readonly #sources: readonly string[];
  readonly #names: readonly string[];

  constructor(segments: Int32Array, sources: readonly string[], names: readonly string[]) {
    this.#segments = segments;
    this.#sources = sources;
    this.#names = names;
  }

  get segmentCount(): number {
    return this.#segments.length / WORDS;
  }

  find(line: number, column?: number): OriginalPosition | undefined {
    const wantedLine = line - 1;
    const at = column === undefined ? this.#firstOf(wantedLine) : this.#lastBefore(wantedLine, column - 1);
    if (at < 0 || at >= this.segmentCount || this.#word(at, 0) !== wantedLine) return undefined;
    const source = this.#sources[this.#word(at, 2)];
    if (source === undefined) return undefined;
    const name = this.#names[this.#word(at, 5)];
    return {
      source,
      line: this.#word(at, 3) + 1,
      column: this.#word(at, 4) + 1,
      ...(name === undefined ? {} : { name }),
    };
  }

  #word(segment: number, word: number): number {
    return this.#segments[segment * WORDS + word] as number;
  }

  /** Index of the first segment of `line` that has a source. */
  #firstOf(line: number): number {
    let at = this.#lowerBound(line, 0);
    while (at < this.segmentCount && this.#word(at, 0) === line && this.#word(at, 2) < 0) at += 1;
    return at;
  }

  /** Index of the last segment at or before `column`; the first of the line when all lie behind it. */
  #lastBefore(line: number, column: number): number {
    const behind = this.#lowerBound(line, column + 1);
    const before = behind - 1;
    return before >= 0 && this.#word(before, 0) === line ? before : behind;
  }

  #lowerBound(line: number, column: number): number {
    let low = 0;
    let high = this.segmentCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const middleLine = this.#word(middle, 0);
      if (middleLine < line || (middleLine === line && this.#word(middle, 1) < column)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function parsePlain(json: MapJson, maxSegments: number): PlainMap | undefined {
  if (typeof json.mappings !== 'string') return undefined;
  const root = typeof json.sourceRoot === 'string' ? json.sourceRoot : '';
  const prefix = root === '' || root.endsWith('/') ? root : `${root}/`;
  const sources = textsOf(json.sources).map((source) => prefix + source);
  return new PlainMap(decodeMappings(json.mappings, maxSegments), sources, textsOf(json.names));
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map((text: unknown) => (typeof text === 'string' ? text : '')) : [];
}

function decodeMappings(mappings: string, maxSegments: number): Int32Array {
  // A segment has at least one digit and a separator, so this can only be too large.
  const segments = new Int32Array(Math.min(maxSegments, (mappings.length >> 1) + 1) * WORDS);
  const cursor = new VlqCursor(mappings);
  let words = 0;
  let line = 0;
  let column = 0;
  let source = 0;
  let originalLine = 0;
  let originalColumn = 0;
  let name = 0;
  let isSorted = true;
  let previousColumn = 0;
  while (!cursor.isAtEnd && words < segments.length) {
    const code = cursor.peek();
    if (code === 0x3b /* ; */) {
      line += 1;
      column = 0;
      previousColumn = 0;
      cursor.position += 1;
      continue;
    }
    if (code === 0x2c /* , */) {
      cursor.position += 1;
      continue;
    }
    column += cursor.read();
    const hasSource = cursor.hasNumber();
    if (hasSource) {
      source += cursor.read();
      originalLine += cursor.read();
      originalColumn += cursor.read();
    }
    const hasName = hasSource && cursor.hasNumber();
    if (hasName) name += cursor.read();
    if (cursor.isBroken) break;
    if (column < previousColumn) isSorted = false;
    previousColumn = column;
    segments[words] = line;
    segments[words + 1] = column;
    segments[words + 2] = hasSource ? source : -1;
    segments[words + 3] = originalLine;
    segments[words + 4] = originalColumn;
    segments[words + 5] = hasName ? name : -1;
    words += WORDS;
  }
  const used = segments.slice(0, words);
  return isSorted ? used : sortSegments(used);
}

/** The format allows columns to go back within a line; the search does not. */
function sortSegments(segments: Int32Array): Int32Array {
  const order = Array.from({ length: segments.length / WORDS }, (_, index) => index * WORDS);
  const word = (at: number): number => segments[at] as number;
  order.sort((a, b) => word(a) - word(b) || word(a + 1) - word(b + 1));
  const sorted = new Int32Array(segments.length);
  order.forEach((from, index) => sorted.set(segments.subarray(from, from + WORDS), index * WORDS));
  return sorted;
}

interface Section {
  readonly line: number;
  readonly column: number;
  readonly map: SourceMap;
}

/** Sections may not be indexed themselves (ECMA-426), so this does not recurse. */
function parseIndexed(sections: readonly unknown[]): SourceMap | undefined {
  const parsed: Section[] = [];
  let segmentsLeft = MAX_SEGMENTS;
  for (const section of sections.slice(0, MAX_SECTIONS)) {
    const { offset, map: json } = (section ?? {}) as { offset?: { line?: unknown; column?: unknown }; map?: MapJson };
    if (
      typeof offset?.line !== 'number' ||
      typeof offset.column !== 'number' ||
      typeof json !== 'object' ||
      json === null
    )
      continue;
    const map = parsePlain(json, segmentsLeft);
    if (map === undefined) continue;
    segmentsLeft -= map.segmentCount;
    parsed.push({ line: offset.line, column: offset.column, map });
  }
  parsed.sort((a, b) => a.line - b.line || a.column - b.column);
  return { find: (line, column) => findInSections(parsed, line, column) };
}

function findInSections(
  sections: readonly Section[],
  line: number,
  column: number | undefined,
): OriginalPosition | undefined {
  let covering: Section | undefined;
  for (const section of sections) {
    const begins =
      section.line < line - 1 || (section.line === line - 1 && (column === undefined || section.column <= column - 1));
    if (!begins) break;
    covering = section;
  }
  if (covering === undefined) return undefined;
  const isFirstLine = covering.line === line - 1;
  const innerColumn = column === undefined || !isFirstLine ? column : column - covering.column;
  return covering.map.find(line - covering.line, innerColumn);
}
