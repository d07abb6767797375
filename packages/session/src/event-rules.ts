// SPDX-License-Identifier: MIT
// -u texts -> rules of the tracing plan.
import type { UserRule } from './recording-plan.ts';

export function parseUserRule(text: string): UserRule {
  return { pattern: text };
}
