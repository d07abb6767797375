// SPDX-License-Identifier: MIT
// Registering tracepoints against rules: 10^6 names against 1 000 rules, ns a name, for growing
// numbers of names and of rules; beside it LTTng's way, each rule tried in turn (at fewer names).
// Run: node packages/filter/dist/bench/registration.bench.js

import { cpus, release } from 'node:os';
import { compileGlob, createRuleIndex } from '../src/index.ts';

const RULE_COUNT = 1000;
const ROUND_COUNT = 7;
const LIST_NAME_COUNT = 2000;

/** 50 providers with events: `provider7:request_123_end`. */
function makeNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `provider${index % 50}:request_${Math.trunc(index / 50)}_end`;
    // A name in a program's source is one piece of text; what a template makes is flattened by this.
    name.charCodeAt(0);
    return name;
  });
}

/** Half literal names, of which some exist, and half prefix globs; one in a hundred matches widely. */
function makePatterns(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    if (index % 2 === 0) return `provider${index % 50}:request_${index}_end`;
    return index % 100 === 1 ? `provider${index % 50}:*` : `provider${index % 50}:request_${index}*`;
  });
}

function nsPerName(names: readonly string[], isMatched: (name: string) => boolean): number {
  // CPU time: what other programs take meanwhile is not registration's.
  const start = process.cpuUsage();
  let matchCount = 0;
  for (const name of names) if (isMatched(name)) matchCount++;
  const { user, system } = process.cpuUsage(start);
  const ns = ((user + system) * 1000) / names.length;
  if (matchCount < 0) console.log(matchCount);
  return ns;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function makeIndexed(ruleCount: number): (name: string) => boolean {
  const index = createRuleIndex(makePatterns(ruleCount).map((pattern) => ({ pattern })));
  return (name) => index.match(name, 14).length > 0;
}

function makeListed(ruleCount: number): (name: string) => boolean {
  const globs = makePatterns(ruleCount).map(compileGlob);
  // All are tried, as they are attached one by one.
  return (name) => globs.filter((isMatch) => isMatch(name)).length > 0;
}

console.log(`node ${process.version}, Linux ${release()}, ${cpus()[0]?.model ?? 'unknown CPU'}`);
console.log(`median of ${ROUND_COUNT} rounds, ns of CPU a name`);

// Names are made anew for each round: V8 keeps a string's hash after its first use, and a program
// registers each name once. Making the strings is not in the measured time, hashing them is.
makeIndexed(RULE_COUNT)('warm');
for (let round = 0; round < 3; round++) nsPerName(makeNames(50_000), makeIndexed(RULE_COUNT));

console.log('\nnames      rules   index');
for (const nameCount of [1000, 10_000, 100_000, 1_000_000]) {
  const isMatched = makeIndexed(RULE_COUNT);
  // Few names are registered several times over, each time made anew, until there is time to measure.
  const repeatCount = Math.max(1, 50_000 / nameCount);
  const measure = (): number =>
    Array.from({ length: repeatCount }, () => nsPerName(makeNames(nameCount), isMatched)).reduce(
      (sum, ns) => sum + ns,
      0,
    ) / repeatCount;
  const rounds = Array.from({ length: ROUND_COUNT }, measure);
  console.log(`${String(nameCount).padEnd(10)} ${String(RULE_COUNT).padEnd(7)} ${median(rounds).toFixed(0)}`);
}

console.log('\nrules   index    list   list/index');
for (const ruleCount of [10, 100, 1000, 10_000]) {
  const indexed = makeIndexed(ruleCount);
  const listed = makeListed(ruleCount);
  nsPerName(makeNames(LIST_NAME_COUNT), listed);
  const pairs = Array.from(
    { length: ROUND_COUNT },
    () => [nsPerName(makeNames(100_000), indexed), nsPerName(makeNames(LIST_NAME_COUNT), listed)] as const,
  );
  const [index, list] = [median(pairs.map(([ns]) => ns)), median(pairs.map(([, ns]) => ns))];
  const ratio = median(pairs.map(([indexNs, listNs]) => listNs / indexNs));
  console.log(
    `${String(ruleCount).padEnd(7)} ${index.toFixed(0).padEnd(8)} ${list.toFixed(0).padEnd(8)} ${ratio.toFixed(0)}`,
  );
}
