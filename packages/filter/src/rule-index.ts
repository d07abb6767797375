// SPDX-License-Identifier: MIT
// Which rules match a tracepoint: many rules, asked once for each tracepoint that a program makes.
// Literal names are found by hash. Globs stand in a trie at the text before their first star, so that
// a name meets only those globs that begin as it does; the cost depends on the name's length and
// not on the number of rules. What begins with a star is tried one by one.

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
  /** Undefined: whatever begins with the trie's text, or the literal itself, matches. */
  readonly parts: GlobParts | undefined;
  readonly exclusions: readonly ((name: string) => boolean)[];
  /** The answer when only this rule matches, so that the usual answers allocate nothing. */
  readonly alone: readonly R[];
}

interface TrieNode<R> {
  readonly children: Map<number, TrieNode<R>>;
  readonly entries: Entry<R>[];
}

export function createRuleIndex<R extends MatchableRule>(rules: readonly R[]): RuleIndex<R> {
  const literals = new Map<string, Entry<R>[]>();
  const root: TrieNode<R> = { children: new Map(), entries: [] };
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

function nodeAt<R>(root: TrieNode<R>, text: string): TrieNode<R> {
  let node = root;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    let child = node.children.get(code);
    if (child === undefined) node.children.set(code, (child = { children: new Map(), entries: [] }));
    node = child;
  }
  return node;
}

const NONE: readonly never[] = [];

function matchName<R extends MatchableRule>(
  literals: ReadonlyMap<string, readonly Entry<R>[]>,
  root: TrieNode<R>,
  name: string,
  logLevel: number,
): readonly R[] {
  let single: Entry<R> | undefined;
  let several: Entry<R>[] | undefined;
  const collect = (entries: readonly Entry<R>[]): void => {
    for (const entry of entries) {
      if (!isMatch(entry, name, logLevel)) continue;
      if (single === undefined) single = entry;
      else if (several === undefined) several = [single, entry];
      else several.push(entry);
    }
  };
  const named = literals.get(name);
  if (named !== undefined) collect(named);
  let node: TrieNode<R> | undefined = root;
  for (let index = 0; node !== undefined; index++) {
    if (node.entries.length > 0) collect(node.entries);
    node = index < name.length ? node.children.get(name.charCodeAt(index)) : undefined;
  }
  if (several !== undefined) return several.toSorted((a, b) => a.order - b.order).map(({ rule }) => rule);
  return single?.alone ?? NONE;
}

function isMatch<R extends MatchableRule>(entry: Entry<R>, name: string, logLevel: number): boolean {
  if (entry.parts !== undefined && !matchGlobParts(entry.parts, name)) return false;
  if (!isInLogLevelRange(logLevel, entry.rule.logLevel)) return false;
  for (const isExcluded of entry.exclusions) if (isExcluded(name)) return false;
  return true;
}
