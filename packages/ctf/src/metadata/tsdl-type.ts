// SPDX-License-Identifier: MIT
// Types as TSDL declares them: what the type parser makes and the placer turns into field classes.
// They differ from field classes in that references are still names: what `[len]` or `<tag>` leads to
// is known only where a type is placed in a scope (section 7.3.2).

import type { ByteOrder, DisplayBase } from '../model/field-class.ts';
import { unescapeFieldName } from './tsdl-words.ts';

/** A `[length]` or `<tag>` path; `offset` for messages. `lexicalStructure` is the structure it was written in. */
export interface TsdlReference {
  readonly path: readonly string[];
  readonly offset: number;
  readonly lexicalStructure: TsdlStructure | undefined;
}

export interface TsdlInteger {
  readonly kind: 'integer';
  readonly length: number;
  readonly alignment: number;
  readonly isSigned: boolean;
  /** Undefined = native: the trace's, which may be declared later. */
  readonly byteOrder: ByteOrder | undefined;
  readonly base: DisplayBase;
  readonly isText: boolean;
  readonly clock: string | undefined;
  /** Present = enumeration. */
  readonly mappings?: ReadonlyMap<string, readonly (readonly [bigint, bigint])[]>;
  /** Present = GNU bit-field: size of its unit in bits; length is then the field's own. */
  readonly unitLength?: number;
}
export interface TsdlFloat {
  readonly kind: 'float';
  readonly length: 32 | 64;
  readonly alignment: number;
  readonly byteOrder: ByteOrder | undefined;
}
export interface TsdlString {
  readonly kind: 'string';
}
export interface TsdlArray {
  readonly kind: 'array';
  readonly element: TsdlType;
  readonly length: number | TsdlReference;
}
export interface TsdlMember {
  readonly tsdlName: string;
  readonly type: TsdlType;
}
/** Mutable while its body is parsed: references inside point to it by identity. */
export class TsdlStructure {
  readonly kind = 'structure';
  readonly members: TsdlMember[] = [];
  readonly lexicalParent: TsdlStructure | undefined;
  minimumAlignment = 1;
  #names: readonly string[] | undefined;

  constructor(lexicalParent: TsdlStructure | undefined) {
    this.lexicalParent = lexicalParent;
  }

  /** The members' names as readers show them, in order. Complete bodies only. */
  get names(): readonly string[] {
    this.#names ??= shownNames(this.members.map((member) => member.tsdlName));
    return this.#names;
  }
}
export interface TsdlVariant {
  readonly kind: 'variant';
  readonly options: readonly TsdlMember[];
  /** Undefined = untagged, not usable before a tag is given. */
  readonly tag: TsdlReference | undefined;
  readonly offset: number;
}

export type TsdlType = TsdlInteger | TsdlFloat | TsdlString | TsdlArray | TsdlStructure | TsdlVariant;

/**
 * Removes the underscore that escapes a field name. Where that would make two names the same, the
 * escaped one keeps its underscore, so that no field is hidden.
 */
export function shownNames(tsdlNames: readonly string[]): readonly string[] {
  const taken = new Set(tsdlNames.filter((name) => !name.startsWith('_')));
  return tsdlNames.map((tsdlName) => {
    if (!tsdlName.startsWith('_')) return tsdlName;
    let shown = unescapeFieldName(tsdlName);
    for (let attempt = 0; taken.has(shown); attempt++) shown = attempt === 0 ? tsdlName : `${tsdlName}_${attempt + 1}`;
    taken.add(shown);
    return shown;
  });
}

/** Lexical scope of declarations (section 7.3.1): names of types, `struct NAME`, `variant NAME`, `enum NAME`. */
export class TypeScope {
  readonly #types = new Map<string, TsdlType>();
  readonly #parent: TypeScope | undefined;
  /** The structure whose body this scope is, or that encloses it. */
  readonly structure: TsdlStructure | undefined;

  constructor(parent: TypeScope | undefined, structure: TsdlStructure | undefined = parent?.structure) {
    this.#parent = parent;
    this.structure = structure;
  }

  find(name: string): TsdlType | undefined {
    return this.#types.get(name) ?? this.#parent?.find(name);
  }

  /** False when this very scope has the name already; hiding an outer one is allowed. */
  tryDeclare(name: string, type: TsdlType): boolean {
    if (this.#types.has(name)) return false;
    this.#types.set(name, type);
    return true;
  }
}
