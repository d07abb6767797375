// SPDX-License-Identifier: MIT
// Which rules match a tracepoint: many rules, asked once for each tracepoint that a program makes.
// Literal names are found by hash. Globs stand in a radix tree at the text before their first star,
// so that a name meets only those globs that begin as it does; the cost depends on the name's length
// and not on the number of rules. What begins with a star is tried one by one.
//
//   sched_*, sched_wak*, sys*        '' -- 's' +- 'ched_' [sched_*] -- 'wak' [sched_wak*]
//                                              +- 'ys' [sys*]

import { matchGlobParts, compileGlob, splitGlob, type GlobParts } from './glob.ts';
import { isInLogLevelRange, type LogLevelRange } from './log-level.ts';

/** What of a rule decides whether it matches; `Rule` and protocol's `UserRulePlan` have this shape. */
export interface MatchableRule {
  readonly pattern: string;
  readonly exclusions?: readonly string[];
  readonly logLevel?: LogLevelRange;
}

export interface RuleIndex<R extends MatchableRule> {
  /** The rules that match, in the order in which they were given. Do not change the array: it may be shared. */
  match(name: string, logLevel: number): readonly R[];
}

interface Entry<R> {
  readonly rule: R;
  /** Place among all rules. */
  readonly order: number;
  /** Undefined: whatever begins with the node's text, or the literal itself, matches. */
  readonly parts: GlobParts | undefined;
  readonly exclusions: readonly ((name: string) => boolean)[];
  /** The answer when only this rule matches, so that the usual answers allocate nothing. */
  readonly alone: readonly R[];
}

interface RadixNode<R> {
  /** What leads here from the parent; '' at the root only. */
  segment: string;
  /** By the first character of their segments. */
  children: Map<number, RadixNode<R>>;
  entries: Entry<R>[];
}

export function createRuleIndex<R extends MatchableRule>(rules: readonly R[]): RuleIndex<R> {
  const literals = new Map<string, Entry<R>[]>();
  const root: RadixNode<R> = { segment: '', children: new Map(), entries: [] };
  rules.forEach((rule, order) => {
    const parts = splitGlob(rule.pattern);
    const [prefix = ''] = parts;
    const isPrefixGlob = parts.length === 2 && parts[1] === '';
    const entry: Entry<R> = {
      rule,
      order,
      parts: parts.length === 1 || isPrefixGlob ? undefined : parts,
      exclusions: (rule.exclusions ?? []).map(compileGlob),
      alone: [rule],
    };
    if (parts.length > 1) {
      nodeAt(root, prefix).entries.push(entry);
    } else {
      const sameName = literals.get(prefix);
      if (sameName === undefined) literals.set(prefix, [entry]);
      else sameName.push(entry);
    }
  });
  return { match: (name, logLevel) => matchName(literals, root, name, logLevel) };
}

/** The node that stands for `text`, made if need be; a segment that only begins like it is split. */
function nodeAt<R>(root: RadixNode<R>, text: string): RadixNode<R> {
  let node = root;
  let position = 0;
  while (position < text.length) {
    const code = text.charCodeAt(position);
    const child = node.children.get(code);
    if (child === undefined) {
      const leaf: RadixNode<R> = { segment: text.slice(position), children: new Map(), entries: [] };
      node.children.set(code, leaf);
      return leaf;
    }
    let length = 1;
    while (length < child.segment.length && text.charCodeAt(position + length) === child.segment.charCodeAt(length))
      length++;
    if (length < child.segment.length) {
      const rest: RadixNode<R> = { ...child, segment: child.segment.slice(length) };
      child.segment = child.segment.slice(0, length);
      child.children = new Map([[rest.segment.charCodeAt(0), rest]]);
      child.entries = [];
    }
    node = child;
    position += length;
  }
  return node;
}

const NONE: readonly never[] = [];

function matchName<R extends MatchableRule>(
  literals: ReadonlyMap<string, readonly Entry<R>[]>,
  root: RadixNode<R>,
  name: string,
  logLevel: number,
): readonly R[] {
  // Most names meet one rule or none: nothing is allocated for them.
  let first: Entry<R> | undefined;
  let several: Entry<R>[] | undefined;
  let entries: readonly Entry<R>[] = literals.get(name) ?? NONE;
  let next: RadixNode<R> | undefined = root;
  let position = 0;
  for (;;) {
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index];
      if (entry === undefined || !isMatch(entry, name, logLevel)) continue;
      if (first === undefined) first = entry;
      else if (several === undefined) several = [first, entry];
      else several.push(entry);
    }
    if (next === undefined) break;
    const node: RadixNode<R> = next;
    entries = node.entries;
    next = position < name.length ? node.children.get(name.charCodeAt(position)) : undefined;
    if (next === undefined) continue;
    if (name.startsWith(next.segment, position)) position += next.segment.length;
    else next = undefined;
  }
  if (several === undefined) return first?.alone ?? NONE;
  return several.toSorted((a, b) => a.order - b.order).map(({ rule }) => rule);
}

function isMatch<R extends MatchableRule>(entry: Entry<R>, name: string, logLevel: number): boolean {
  if (entry.parts !== undefined && !matchGlobParts(entry.parts, name)) return false;
  if (!isInLogLevelRange(logLevel, entry.rule.logLevel)) return false;
  for (const isExcluded of entry.exclusions) if (isExcluded(name)) return false;
  return true;
}
