// SPDX-License-Identifier: MIT
// Frames to names and places that a person knows: file URLs become paths, source maps are followed.

import { frameIdentity, type Frame } from '../program/call-tree.ts';
import type { FunctionName, ResolvePosition, SourcePosition } from './stall-report.ts';

export class Positions {
  readonly #resolve: ResolvePosition | undefined;
  readonly #functions = new Map<string, FunctionName>();

  constructor(resolve: ResolvePosition | undefined) {
    this.#resolve = resolve;
  }

  functionOf(frame: Frame): FunctionName {
    const identity = frameIdentity(frame);
    let name = this.#functions.get(identity);
    if (name === undefined) {
      const position = this.positionOf(frame.url, frame.line, frame.column);
      name = { name: frame.name === '' ? '(anonymous)' : frame.name, ...(position === undefined ? {} : { position }) };
      this.#functions.set(identity, name);
    }
    return name;
  }

  positionOf(url: string, line: number, column: number): SourcePosition | undefined {
    if (url === '' || line <= 0) return undefined;
    const original = this.#resolve?.(url, line, column > 0 ? column : undefined);
    if (original !== undefined) {
      return {
        source: pathOfUrl(original.source),
        line: original.line,
        ...(original.column === undefined ? {} : { column: original.column }),
      };
    }
    return { source: pathOfUrl(url), line, ...(column > 0 ? { column } : {}) };
  }
}

/** `file:///srv/a%20b.js` is `/srv/a b.js`; other URLs stay. */
export function pathOfUrl(url: string): string {
  if (!url.startsWith('file://')) return url;
  const path = url.slice('file://'.length);
  return path.replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

/** `report.ts:88`: what stands in a sentence. */
export function shortPosition(position: SourcePosition): string {
  if (position.source.startsWith('node:')) return position.source;
  return `${position.source.slice(position.source.lastIndexOf('/') + 1)}:${position.line}`;
}

export function functionText(name: FunctionName): string {
  return name.position === undefined ? name.name : `${name.name} (${shortPosition(name.position)})`;
}
