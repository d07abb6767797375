// SPDX-License-Identifier: MIT
// Metadata text -> trace class; here that of CTF 1.8, TSDL. Blocks are gathered first, since the order in which they stand
// does not matter (events may precede their stream, the byte order may follow types that need it);
// trace-class-builder.ts then makes classes of them.

import { CtfError } from '@lockstep/base';
import type { TraceClass } from '../model/trace-class.ts';
import type { Block, Blocks } from './metadata-blocks.ts';
import { isJsonMetadata, parseJsonMetadata } from './json-metadata-parser.ts';
import { METADATA_SIGNATURE } from './metadata-writer.ts';
import { TokenCursor, type Attribute } from './token-cursor.ts';
import { buildTraceClass } from './trace-class-builder.ts';
import { type TsdlType, TypeScope } from './tsdl-type.ts';
import { TypeParser } from './type-parser.ts';

/** Metadata text of CTF 1.8 or 2. Throws CtfError with line and column for everything else. */
export function parseMetadata(text: string): TraceClass {
  if (isJsonMetadata(text)) return parseJsonMetadata(text);
  checkVersion(text);
  const cursor = new TokenCursor(text);
  return buildTraceClass(new BlockParser(cursor).parse(), cursor);
}

/** Text that says which version it is must say 1.8; text unpacked from packets need not say it. */
function checkVersion(text: string): void {
  if (!text.startsWith('/* CTF')) return;
  const version = /^\/\* CTF ([0-9]{1,9})\.([0-9]{1,9})/.exec(text);
  if (version?.[1] === '1' && version[2] === '8') return;
  throw new CtfError('The metadata is not of CTF version 1.8.', {
    signature: text.slice(0, METADATA_SIGNATURE.length),
    expected: METADATA_SIGNATURE,
  });
}

class BlockParser {
  readonly #cursor: TokenCursor;
  readonly #types: TypeParser;
  readonly #declaredTypes: TsdlType[] = [];

  constructor(cursor: TokenCursor) {
    this.#cursor = cursor;
    this.#types = new TypeParser(cursor, (type) => this.#declaredTypes.push(type));
  }

  parse(): Blocks {
    const cursor = this.#cursor;
    const root = new TypeScope(undefined);
    let trace: Block | undefined;
    const blocks = {
      env: [] as Block[],
      clock: [] as Block[],
      stream: [] as Block[],
      event: [] as Block[],
      callsite: [] as Block[],
    };
    while (cursor.token.type !== 'end') {
      const { text, type, offset } = cursor.token;
      if (type === 'keyword' && text === 'trace') {
        if (trace !== undefined) throw cursor.error('The metadata has a second trace block.', offset);
        trace = this.#parseBlock(root);
      } else if (type === 'keyword' && Object.hasOwn(blocks, text)) {
        blocks[text as keyof typeof blocks].push(this.#parseBlock(root));
      } else {
        this.#types.parseDeclaration(root);
      }
    }
    // Call sites are parsed to be checked; nothing shows them.
    return {
      trace,
      environments: blocks.env,
      clocks: blocks.clock,
      streams: blocks.stream,
      events: blocks.event,
      declaredTypes: this.#declaredTypes,
    };
  }

  #parseBlock(root: TypeScope): Block {
    const cursor = this.#cursor;
    const { offset, text } = cursor.advance();
    const scope = new TypeScope(root);
    const attributes = new Map<string, Attribute>();
    const definitions = new Map<string, { readonly type: TsdlType; readonly offset: number }>();
    cursor.take('{', `after "${text}"`);
    while (!cursor.tryTake('}')) {
      const name = cursor.tryTakeAssignmentName();
      if (name === undefined) {
        if (cursor.token.type === 'end') throw cursor.expected(`"}" at the end of the ${text} block`);
        this.#types.parseDeclaration(scope);
        continue;
      }
      if (cursor.tryTake(':=')) {
        if (definitions.has(name.text)) throw cursor.error(`"${name.text}" is defined twice.`, name.offset);
        definitions.set(name.text, { type: this.#types.parseTypeOfDefinition(scope), offset: name.offset });
      } else {
        cursor.take('=', `after "${name.text}"`);
        cursor.putAttribute(attributes, { name: name.text, value: cursor.takeValue(name.text), offset: name.offset });
      }
      cursor.take(';', `after "${name.text}"`);
    }
    cursor.take(';', `after the ${text} block`);
    return { offset, attributes, definitions };
  }
}
