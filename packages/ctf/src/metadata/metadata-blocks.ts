// SPDX-License-Identifier: MIT
// What stands between parsing and building: the blocks of a TSDL text in the order of their kinds.

import type { Attribute } from './token-cursor.ts';
import type { TsdlType } from './tsdl-type.ts';

/** A `trace`, `env`, `clock`, `stream` or `event` block. */
export interface Block {
  readonly offset: number;
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** `name := type`. */
  readonly definitions: ReadonlyMap<string, { readonly type: TsdlType; readonly offset: number }>;
}

export interface Blocks {
  readonly trace: Block | undefined;
  readonly environments: readonly Block[];
  readonly clocks: readonly Block[];
  readonly streams: readonly Block[];
  readonly events: readonly Block[];
  /** Types declared outside of structures, to be checked. */
  readonly declaredTypes: readonly TsdlType[];
}
