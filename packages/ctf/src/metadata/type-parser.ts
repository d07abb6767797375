// SPDX-License-Identifier: MIT
// Tokens -> TSDL types: type specifiers, declarators, typedef and typealias (sections 4, 7.3.1, C.2.2).
// Names of types steer the grammar, as in C: a word is a type only if it was declared before.

import { parseFloatType, parseIntegerType, parseStringType } from './basic-type-parser.ts';
import { parseEnumeration } from './enumeration-parser.ts';
import type { TokenCursor } from './token-cursor.ts';
import type { Token } from './tsdl-lexer.ts';
import {
  type TsdlMember,
  type TsdlReference,
  TsdlStructure,
  type TsdlType,
  type TsdlVariant,
  TypeScope,
} from './tsdl-type.ts';

/** Bodies inside bodies; deeper metadata is hostile. LTTng needs 4. */
const MAX_NESTING = 64;
const MAX_DIMENSION_COUNT = 16;

const BASIC_WORDS: ReadonlySet<string> = new Set([
  'void',
  'char',
  'short',
  'int',
  'long',
  'float',
  'double',
  'signed',
  'unsigned',
  '_Bool',
  '_Complex',
  '_Imaginary',
]);

/** What stands before a declarator: a type, or words that will name one once pointers are known. */
export interface Specifiers {
  readonly type: TsdlType | undefined;
  /** Spelling without `const`, for names of several words and pointers. */
  readonly name: string;
  readonly isTypedef: boolean;
  /** True for `struct x { … }` and the like, which may stand without a declarator. */
  readonly isDeclaration: boolean;
  readonly offset: number;
}

interface Declarator {
  readonly name: Token | undefined;
  readonly pointerCount: number;
  /** Outermost dimension first. */
  readonly dimensions: readonly (number | TsdlReference)[];
  readonly bitCount: number | undefined;
}

export class TypeParser {
  readonly #cursor: TokenCursor;
  /** Called for each type that is declared outside of all structures, when it is complete. */
  readonly #onDeclared: (type: TsdlType) => void;
  #nesting = 0;

  constructor(cursor: TokenCursor, onDeclared: (type: TsdlType) => void) {
    this.#cursor = cursor;
    this.#onDeclared = onDeclared;
  }

  /** A declaration outside of structures: `typealias`, `typedef`, `struct x { … };`. Takes the semicolon. */
  parseDeclaration(scope: TypeScope): void {
    if (this.#cursor.is('typealias')) {
      this.#parseTypealias(scope);
      return;
    }
    const specifiers = this.#parseSpecifiers(scope);
    if (specifiers.isTypedef) {
      this.#parseTypedefNames(scope, specifiers);
    } else {
      if (!specifiers.isDeclaration)
        throw this.#cursor.error('Expected a block, a type declaration, "typedef" or "typealias".', specifiers.offset);
      this.#cursor.take(';', 'after the declaration');
    }
  }

  /** The type after `:=` in a block; takes no semicolon. */
  parseTypeOfDefinition(scope: TypeScope): TsdlType {
    return this.#typeOf(scope, this.#parseSpecifiers(scope), 0);
  }

  #parseSpecifiers(scope: TypeScope): Specifiers {
    const cursor = this.#cursor;
    const { offset } = cursor.token;
    const words: string[] = [];
    let type: TsdlType | undefined;
    let isTypedef = false;
    let isDeclaration = false;
    for (;;) {
      const { token } = cursor;
      if (cursor.tryTake('const')) continue;
      if (cursor.is('typedef')) {
        if (isTypedef) throw cursor.error('"typedef" is given twice.');
        isTypedef = true;
        cursor.advance();
        continue;
      }
      if (token.type === 'keyword' && BASIC_WORDS.has(token.text) && type === undefined) {
        words.push(cursor.advance().text);
        continue;
      }
      if (words.length > 0 || type !== undefined) break;
      if (token.type === 'identifier') {
        words.push(cursor.advance().text);
        break;
      }
      const compound = this.#tryParseCompound(scope);
      if (compound === undefined) break;
      type = compound.type;
      words.push(compound.name);
      isDeclaration = compound.isDeclaration;
    }
    if (words.length === 0) throw cursor.expected('a type');
    return { type, name: words.join(' '), isTypedef, isDeclaration, offset };
  }

  #tryParseCompound(
    scope: TypeScope,
  ): { readonly type: TsdlType | undefined; readonly name: string; readonly isDeclaration: boolean } | undefined {
    const cursor = this.#cursor;
    const inline = (type: TsdlType) => ({ type, name: '', isDeclaration: false });
    if (cursor.tryTake('integer')) return inline(parseIntegerType(cursor));
    if (cursor.tryTake('floating_point')) return inline(parseFloatType(cursor));
    if (cursor.tryTake('string')) return inline(parseStringType(cursor));
    if (cursor.is('struct')) return this.#parseStructure(scope);
    if (cursor.is('variant')) return this.#parseVariant(scope);
    if (!cursor.tryTake('enum')) return undefined;
    const name = cursor.token.type === 'identifier' ? `enum ${cursor.advance().text}` : '';
    if (name !== '' && !cursor.is(':') && !cursor.is('{'))
      return { type: scope.find(name), name, isDeclaration: false };
    const container = cursor.tryTake(':') ? this.#nested(() => this.#parseSpecifiers(scope)) : undefined;
    const offset = cursor.token.offset;
    const containerType = container === undefined ? scope.find('int') : this.#typeOf(scope, container, 0);
    if (containerType === undefined)
      throw cursor.error('An enumeration without a type needs the type "int" to be declared before it.', offset);
    const type = parseEnumeration(cursor, containerType);
    this.#declare(scope, name, type, offset);
    return { type, name, isDeclaration: true };
  }

  #parseStructure(scope: TypeScope): {
    readonly type: TsdlType | undefined;
    readonly name: string;
    readonly isDeclaration: boolean;
  } {
    const cursor = this.#cursor;
    const { offset } = cursor.advance();
    const name = cursor.token.type === 'identifier' ? `struct ${cursor.advance().text}` : '';
    if (name !== '' && !cursor.is('{')) {
      const declared = scope.find(name);
      if (!cursor.is('align') || !(declared instanceof TsdlStructure))
        return { type: declared, name, isDeclaration: false };
      const aligned = new TsdlStructure(declared.lexicalParent);
      aligned.members.push(...declared.members);
      aligned.minimumAlignment = Math.max(declared.minimumAlignment, this.#takeAlignment());
      return { type: aligned, name: '', isDeclaration: false };
    }
    const type = new TsdlStructure(scope.structure);
    this.#nested(() => this.#parseBody(type.members, new TypeScope(scope, type), 'member'));
    if (cursor.is('align')) type.minimumAlignment = this.#takeAlignment();
    this.#declare(scope, name, type, offset);
    return { type, name, isDeclaration: true };
  }

  #parseVariant(scope: TypeScope): {
    readonly type: TsdlType | undefined;
    readonly name: string;
    readonly isDeclaration: boolean;
  } {
    const cursor = this.#cursor;
    const { offset } = cursor.advance();
    const name = cursor.token.type === 'identifier' ? `variant ${cursor.advance().text}` : '';
    let tag: TsdlReference | undefined;
    if (cursor.tryTake('<')) {
      tag = {
        offset: cursor.token.offset,
        path: cursor.takePath('the name of the tag'),
        lexicalStructure: scope.structure,
      };
      cursor.take('>', 'after the tag');
    }
    if (name !== '' && !cursor.is('{')) {
      const declared = scope.find(name);
      if (tag === undefined || declared?.kind !== 'variant') return { type: declared, name, isDeclaration: false };
      return { type: { ...declared, tag }, name: '', isDeclaration: false };
    }
    const options: TsdlMember[] = [];
    this.#nested(() => this.#parseBody(options, new TypeScope(scope), 'option'));
    if (options.length === 0) throw cursor.error('A variant needs at least one option.', offset);
    const type: TsdlVariant = { kind: 'variant', options, tag, offset };
    this.#declare(scope, name, type, offset);
    return { type, name, isDeclaration: true };
  }

  #takeAlignment(): number {
    const cursor = this.#cursor;
    cursor.take('align', 'after the body');
    cursor.take('(', 'after "align"');
    const { offset } = cursor.token;
    const value = cursor.takeInteger('an alignment in bits');
    cursor.checkAlignment(value, offset);
    cursor.take(')', 'after the alignment');
    return Number(value);
  }

  /** `{ … }` of a structure or variant. */
  #parseBody(members: TsdlMember[], scope: TypeScope, what: 'member' | 'option'): void {
    const cursor = this.#cursor;
    cursor.take('{', 'before the body');
    const names = new Set<string>();
    while (!cursor.tryTake('}')) {
      if (cursor.is('typealias')) {
        this.#parseTypealias(scope);
        continue;
      }
      const specifiers = this.#parseSpecifiers(scope);
      if (specifiers.isTypedef) {
        this.#parseTypedefNames(scope, specifiers);
        continue;
      }
      if (specifiers.isDeclaration && cursor.tryTake(';')) continue;
      do {
        const declarator = this.#parseDeclarator(scope, `the name of a ${what}`);
        if (declarator.name === undefined) throw cursor.expected(`the name of a ${what}`);
        const tsdlName = declarator.name.text;
        if (names.has(tsdlName))
          throw cursor.error(`Two ${what}s have the same name "${tsdlName}".`, declarator.name.offset);
        names.add(tsdlName);
        members.push({ tsdlName, type: this.#applyDeclarator(scope, specifiers, declarator) });
      } while (cursor.tryTake(','));
      cursor.take(';', `after the ${what}`);
    }
  }

  /** Parses something inside of a type; bounds how deep types go. */
  #nested<Result>(parse: () => Result): Result {
    if (++this.#nesting > MAX_NESTING)
      throw this.#cursor.error(`Types are nested in each other more than ${MAX_NESTING} times.`);
    const result = parse();
    this.#nesting--;
    return result;
  }

  /** `typedef` with its specifiers taken: declares each name. Takes the semicolon. */
  #parseTypedefNames(scope: TypeScope, specifiers: Specifiers): void {
    const cursor = this.#cursor;
    do {
      const declarator = this.#parseDeclarator(scope, 'the name of a type');
      if (declarator.name === undefined) throw cursor.expected('the name of a type');
      this.#declare(
        scope,
        declarator.name.text,
        this.#applyDeclarator(scope, specifiers, declarator),
        declarator.name.offset,
      );
    } while (cursor.tryTake(','));
    cursor.take(';', 'after the type definition');
  }

  #parseTypealias(scope: TypeScope): void {
    const cursor = this.#cursor;
    cursor.take('typealias', 'here');
    const specifiers = this.#parseSpecifiers(scope);
    const target = this.#applyDeclarator(scope, specifiers, this.#parseDeclarator(scope, undefined));
    cursor.take(':=', 'before the alias');
    const alias = this.#parseAliasName();
    this.#declare(scope, alias.text, target, alias.offset);
    cursor.take(';', 'after the alias');
  }

  /** The right-hand side of a typealias: words that name a type, with pointers. */
  #parseAliasName(): { readonly text: string; readonly offset: number } {
    const cursor = this.#cursor;
    const { offset } = cursor.token;
    const words: string[] = [];
    while (!cursor.is(';')) {
      const { token } = cursor;
      if (cursor.tryTake('const')) continue;
      const isTag = token.type === 'keyword' && words.length === 0 && /^(?:struct|variant|enum)$/.test(token.text);
      const isName =
        token.type === 'identifier' && (words.length === 0 || /^(?:struct|variant|enum)$/.test(words.join(' ')));
      const isBasic =
        token.type === 'keyword' && BASIC_WORDS.has(token.text) && words.every((word) => BASIC_WORDS.has(word));
      if (!isTag && !isName && !isBasic && !(cursor.is('*') && words.length > 0))
        throw cursor.expected('the name of a type, then ";"');
      words.push(cursor.advance().text);
    }
    if (words.length === 0 || /^(?:struct|variant|enum)$/.test(words.join(' ')))
      throw cursor.expected('the name of a type');
    return { text: words.join(' '), offset };
  }

  /** `what` undefined = abstract: without a name. */
  #parseDeclarator(scope: TypeScope, what: string | undefined, depth = 0): Declarator {
    const cursor = this.#cursor;
    let pointerCount = 0;
    while (cursor.is('*') || (pointerCount > 0 && cursor.is('const'))) {
      if (cursor.advance().text === '*') pointerCount++;
      if (pointerCount > MAX_DIMENSION_COUNT) throw cursor.error('A declarator has too many pointers.');
    }
    let inner: Declarator | undefined;
    let name: Token | undefined;
    if (cursor.is('(')) {
      if (depth >= MAX_DIMENSION_COUNT) throw cursor.error('A declarator has too many parentheses.');
      cursor.advance();
      inner = this.#parseDeclarator(scope, what, depth + 1);
      cursor.take(')', 'after the declarator');
    } else if (what !== undefined && !cursor.is(':')) {
      name = cursor.takeIdentifier(what);
    }
    const dimensions = [...(inner?.dimensions ?? [])];
    while (cursor.tryTake('[')) {
      if (dimensions.length >= MAX_DIMENSION_COUNT) throw cursor.error('An array has too many dimensions.');
      dimensions.push(this.#takeLength(scope));
      cursor.take(']', 'after the length');
    }
    let bitCount: number | undefined;
    if (what !== undefined && depth === 0 && cursor.tryTake(':')) {
      const { offset } = cursor.token;
      const value = cursor.takeInteger('the size of a bit-field');
      if (value < 1n || value > 64n) throw cursor.error('A bit-field must have 1 to 64 bits.', offset);
      bitCount = Number(value);
    }
    return { name: name ?? inner?.name, pointerCount: pointerCount + (inner?.pointerCount ?? 0), dimensions, bitCount };
  }

  #takeLength(scope: TypeScope): number | TsdlReference {
    const cursor = this.#cursor;
    const { token } = cursor;
    if (token.type === 'integer' || cursor.is('-') || cursor.is('+')) {
      const value = cursor.takeInteger('the length of the array');
      if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
        throw cursor.error('The length of an array must be from 0 to 2^53.', token.offset);
      return Number(value);
    }
    if (token.type !== 'identifier' && !(token.type === 'keyword' && /^(?:trace|stream|event|env)$/.test(token.text))) {
      throw cursor.expected('the length of the array: an integer or the name of a field');
    }
    const path = cursor.takePath('the name of a field');
    const first = path[0] ?? '';
    const isField = scope.structure?.members.some((member) => member.tsdlName === first) ?? false;
    if (path.length === 1 && !isField && scope.find(first) !== undefined) {
      throw cursor.error(
        `The length of an array must be an integer or a field, and "${first}" is a type.`,
        token.offset,
      );
    }
    return { path, offset: token.offset, lexicalStructure: scope.structure };
  }

  #typeOf(scope: TypeScope, specifiers: Specifiers, pointerCount: number): TsdlType {
    if (pointerCount === 0 && specifiers.type !== undefined) return specifiers.type;
    const name = `${specifiers.name}${' *'.repeat(pointerCount)}`;
    const type = scope.find(name);
    if (type !== undefined) return type;
    throw this.#cursor.error(`The type "${name.slice(0, 80)}" is not declared before its use.`, specifiers.offset);
  }

  #applyDeclarator(scope: TypeScope, specifiers: Specifiers, declarator: Declarator): TsdlType {
    let type = this.#typeOf(scope, specifiers, declarator.pointerCount);
    if (declarator.bitCount !== undefined) {
      if (type.kind !== 'integer' || declarator.dimensions.length > 0) {
        throw this.#cursor.error('Only an integer can be a bit-field.', specifiers.offset);
      }
      if (declarator.bitCount > type.length)
        throw this.#cursor.error('A bit-field is larger than its type.', specifiers.offset);
      type = { ...type, unitLength: type.length, length: declarator.bitCount };
    }
    for (const length of declarator.dimensions.toReversed()) type = { kind: 'array', element: type, length };
    return type;
  }

  #declare(scope: TypeScope, name: string, type: TsdlType, offset: number): void {
    if (name !== '' && !scope.tryDeclare(name, type))
      throw this.#cursor.error(`The type "${name}" is already declared in this scope.`, offset);
    if (name !== '' && scope.structure === undefined) this.#onDeclared(type);
  }
}
