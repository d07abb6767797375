// SPDX-License-Identifier: MIT
// Texts of -k and -u -> rules, all checked before anything is made. The language itself is filter's,
// which is loaded only when there are rules.

import type { Rule } from '@lockstep/filter';
import type { UserRule } from './recording-plan.ts';

export interface EventRules {
  readonly user: readonly UserRule[];
  readonly kernel: readonly Rule[];
}

/** Throws InputError for a rule that cannot be. */
export async function parseEventRules(
  userTexts: readonly string[],
  kernelTexts: readonly string[],
): Promise<EventRules> {
  if (userTexts.length + kernelTexts.length === 0) return { user: [], kernel: [] };
  const { parseRule } = await import('@lockstep/filter');
  return {
    user: userTexts.map((text) => toUserRule(parseRule(text, 'user'))),
    kernel: kernelTexts.map((text) => parseRule(text, 'kernel')),
  };
}

function toUserRule(rule: Rule): UserRule {
  return {
    pattern: rule.pattern,
    ...(rule.logLevel === undefined ? {} : { logLevel: rule.logLevel }),
    // Programs get the text: they parse it beside the fields that it is about.
    ...(rule.filter === undefined ? {} : { filter: rule.text.replace(/^\s*\S+\s+if\s*/, '') }),
  };
}
