// SPDX-License-Identifier: MIT
// Event rules as a person writes them: `[KIND:]PATTERN[@LEVEL][ if FILTER]` -> typed rules, or an
// InputError that says what is wrong with which rule.

import { InputError } from '@lockstep/base';
import { parseLogLevelRange, type LogLevelRange } from './log-level.ts';
import { parseFilter } from './parser.ts';
import type { Filter } from './ast.ts';

export type RuleDomain = 'kernel' | 'user';

const RULE_KINDS = ['tracepoint', 'syscall', 'kprobe', 'kretprobe', 'uprobe', 'sdt', 'function', 'graph'] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

export interface Rule {
  readonly domain: RuleDomain;
  readonly kind: RuleKind;
  /** For tracepoints and system calls a glob; for probes a place. */
  readonly pattern: string;
  readonly logLevel?: LogLevelRange;
  readonly filter?: Filter;
  /** As it was written. */
  readonly text: string;
}

/** `domain`: `-k` or `-u`. `tracepoint:` can be written out, for providers that are called like a kind. */
export function parseRule(text: string, domain: RuleDomain): Rule {
  const match = /^\s*(\S+)(?:\s+([^]*\S))?\s*$/.exec(text);
  if (match === null) throw new InputError('An event rule is empty; write a pattern, for instance "sched_*"');
  const [, head = '', tail] = match;
  const filter = parseFilterPart(text, tail);
  const { kind, rest } = splitKind(text, head, domain);
  const { pattern, logLevel } =
    kind === 'tracepoint' ? splitLogLevel(text, rest, domain) : { pattern: rest, logLevel: undefined };
  checkPattern(text, kind, pattern);
  return {
    domain,
    kind,
    pattern,
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(filter === undefined ? {} : { filter }),
    text,
  };
}

function parseFilterPart(text: string, tail: string | undefined): Filter | undefined {
  if (tail === undefined) return undefined;
  const match = /^if(?:\s+([^]*)|(?=["'(!~+-])([^]*))?$/.exec(tail);
  if (match === null) {
    throw new InputError(
      `The event rule goes on after its pattern with something else than "if FILTER"; a pattern holds no space`,
      { rule: text },
    );
  }
  const expression = match[1] ?? match[2] ?? '';
  if (expression.trim() === '')
    throw new InputError('The event rule ends after "if": the filter is missing', { rule: text });
  try {
    return parseFilter(expression);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(error.sentence, { rule: text, ...error.pairs });
  }
}

function splitKind(text: string, head: string, domain: RuleDomain): { readonly kind: RuleKind; readonly rest: string } {
  const colon = head.indexOf(':');
  const word = colon < 0 ? '' : head.slice(0, colon);
  const kind = RULE_KINDS.find((candidate) => candidate === word);
  if (kind === undefined) {
    // `sched:sched_switch` and `shop:*` have one colon; two mean that the first word was to be a kind.
    if (colon >= 0 && head.includes(':', colon + 1)) {
      throw new InputError(`There is no kind of event rule "${word}"; the kinds are ${RULE_KINDS.join(', ')}`, {
        rule: text,
      });
    }
    return { kind: 'tracepoint', rest: head };
  }
  if (domain === 'user' && kind !== 'tracepoint') {
    throw new InputError(
      `"${kind}:" is for kernel rules (-k); for a tracepoint provider of that name write "tracepoint:${head}"`,
      { rule: text },
    );
  }
  return { kind, rest: head.slice(colon + 1) };
}

function splitLogLevel(
  text: string,
  rest: string,
  domain: RuleDomain,
): { readonly pattern: string; readonly logLevel: LogLevelRange | undefined } {
  const at = rest.lastIndexOf('@');
  if (at < 0) return { pattern: rest, logLevel: undefined };
  if (domain === 'kernel')
    throw new InputError('Kernel events have no log level; leave out what follows "@"', { rule: text });
  try {
    return { pattern: rest.slice(0, at), logLevel: parseLogLevelRange(rest.slice(at + 1)) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(error.sentence, { rule: text });
  }
}

function checkPattern(text: string, kind: RuleKind, pattern: string): void {
  if (pattern === '') throw new InputError('The event rule has no pattern; "*" matches everything', { rule: text });
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f"'`]/.test(pattern))
    throw new InputError('The pattern of the event rule holds a quote or a control character', { rule: text });
  if ((kind === 'tracepoint' || kind === 'syscall') && /(^|[^\\]),/.test(pattern)) {
    throw new InputError('An event rule has one pattern; give each its own option instead of a comma', { rule: text });
  }
}
