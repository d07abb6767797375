// SPDX-License-Identifier: MIT
// Positions in generated files in, positions in what they were made of out, through the source map that
// a file names in its last `sourceMappingURL` comment: inline as a data: URL, or a file beside it. Reads
// through a function that is handed in, so that it works over a disk, an archive or a page.

import { decodeUtf8 } from '@lockstep/base';
import { base64Value } from './vlq.ts';
import { parseSourceMap, type OriginalPosition, type SourceMap } from './source-map.ts';

/** Text of a file by its path, or undefined when there is none to read. */
export type ReadFile = (path: string) => string | undefined;

/** Lines and columns from 1. `url` is what V8 calls a script: a file URL or a path. */
export type ResolveSourcePosition = (url: string, line: number, column?: number) => OriginalPosition | undefined;

/** Longer maps are not read: parsing one costs several times its size in memory. */
const MAX_TEXT_LENGTH = 256 * 1024 * 1024;
/** Maps kept; the longest unused one goes first. */
const MAX_MAPS = 64;
/** The comment stands at the end of a file; an inline map can make its line long. */
const COMMENT = /\/[/*][#@]\s*sourceMappingURL=([^\s'"*]+)/g;

interface FileMap {
  readonly map: SourceMap;
  /** What the map's sources are relative to. */
  readonly directory: string;
}

export function createSourceMapResolver(readFile: ReadFile): ResolveSourcePosition {
  const maps = new Map<string, FileMap | undefined>();

  function mapOf(url: string): FileMap | undefined {
    const isKnown = maps.has(url);
    const fileMap = isKnown ? maps.get(url) : loadMap(url, readFile);
    // Put it last again: the first of a Map is the longest unused one.
    maps.delete(url);
    maps.set(url, fileMap);
    if (maps.size > MAX_MAPS) {
      const [oldest] = maps.keys();
      if (oldest !== undefined) maps.delete(oldest);
    }
    return fileMap;
  }

  return (url, line, column) => {
    if (url === '' || url.startsWith('node:') || !(line > 0)) return undefined;
    const fileMap = mapOf(url);
    const found = fileMap?.map.find(line, column);
    if (fileMap === undefined || found === undefined || found.source === '') return undefined;
    return { ...found, source: joinPath(fileMap.directory, found.source) };
  };
}

function loadMap(url: string, readFile: ReadFile): FileMap | undefined {
  const path = filePathOf(url);
  if (path === undefined) return undefined;
  const text = tryRead(readFile, path);
  if (text === undefined) return undefined;
  const reference = sourceMappingUrlOf(text);
  if (reference === undefined) return undefined;
  if (reference.startsWith('data:')) {
    const inline = decodeDataUrl(reference);
    return inline === undefined ? undefined : fileMapOf(inline, directoryOf(path));
  }
  const mapPath = joinPath(directoryOf(path), reference);
  const mapText = filePathOf(mapPath) === undefined ? undefined : tryRead(readFile, mapPath);
  return mapText === undefined ? undefined : fileMapOf(mapText, directoryOf(mapPath));
}

function fileMapOf(text: string, directory: string): FileMap | undefined {
  const map = parseSourceMap(text);
  return map === undefined ? undefined : { map, directory };
}

function tryRead(readFile: ReadFile, path: string): string | undefined {
  try {
    const text = readFile(path);
    return text !== undefined && text.length <= MAX_TEXT_LENGTH ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The last comment counts; earlier ones may be text in the program. */
export function sourceMappingUrlOf(text: string): string | undefined {
  const at = text.lastIndexOf('sourceMappingURL=');
  if (at < 0) return undefined;
  COMMENT.lastIndex = Math.max(0, at - 8);
  return COMMENT.exec(text)?.[1];
}

/** `file:///srv/a%20b.js` is `/srv/a b.js`; undefined for what is no file. */
export function filePathOf(url: string): string | undefined {
  if (url.startsWith('file://')) return decodePercent(url.slice('file://'.length));
  return /^[a-z][a-z0-9+.-]+:/i.test(url) ? undefined : url;
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** Joins and takes `.` and `..` out; URLs and absolute paths replace the directory. */
function joinPath(directory: string, relative: string): string {
  if (/^[a-z][a-z0-9+.-]+:/i.test(relative)) return filePathOf(relative) ?? relative;
  const decoded = decodePercent(relative);
  const joined = decoded.startsWith('/') ? decoded : directory + decoded;
  const parts: string[] = [];
  for (const part of joined.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..' && parts.at(-1) !== '') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function decodeDataUrl(url: string): string | undefined {
  const comma = url.indexOf(',');
  if (comma < 0 || url.length > MAX_TEXT_LENGTH) return undefined;
  const body = url.slice(comma + 1);
  if (!url.slice(0, comma).endsWith(';base64')) return decodePercent(body);
  const bytes = new Uint8Array(Math.ceil((body.length * 3) / 4));
  let bits = 0;
  let bitCount = 0;
  let length = 0;
  for (let i = 0; i < body.length; i += 1) {
    const value = base64Value(body.charCodeAt(i));
    if (value < 0) break;
    bits = ((bits << 6) | value) & 0xffffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[length] = (bits >> bitCount) & 0xff;
      length += 1;
    }
  }
  return decodeUtf8(bytes.subarray(0, length));
}
