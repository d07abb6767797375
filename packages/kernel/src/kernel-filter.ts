// SPDX-License-Identifier: MIT
// The filters of the rules that want an event -> the text for its `filter` file in tracefs.

import { InputError } from '@lockstep/base';
import type { MatchedEvent } from './kernel-rules.ts';

/** Undefined: every record is wanted. */
export function kernelFilterOf(event: MatchedEvent): string | undefined {
  if (event.rules.some((rule) => rule.filter === undefined)) return undefined;
  throw new InputError('This version of Lockstep cannot filter kernel events yet; leave out what follows "if".', { rule: event.rules[0]?.text ?? '' });
}
