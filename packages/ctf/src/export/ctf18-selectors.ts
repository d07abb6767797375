// SPDX-License-Identifier: MIT
// What CTF 1.8 needs of the selectors of CTF 2: there an option is chosen by a label of an enumeration, not by ranges
// of its own. A trace class in; for each variant and optional field the names of its options, for each integer that
// selects them an enumeration with a label of each name and the option's ranges, beside the labels that it has.
//
//   tag: uint8                              tag: enum : uint8 { "number" = 0 ... 3, "text" = 4 }
//   variant (number: 0..3, text: 4)   ->    variant <tag> { number, text }
//   optional by tag (7..9)            ->    variant <tag> { absent: struct {}, present }

import type { FieldClass, IntegerRangeSet, OptionalFieldClass, VariantFieldClass } from '../model/field-class.ts';
import type { TraceClass } from '../model/trace-class.ts';
import { areSameRanges, labelsOfOption } from '../metadata/field-class-writer.ts';
import { isTsdlIdentifier, replaceForeignCharacters } from '../metadata/tsdl-words.ts';
import {
  commonContextScope,
  elementKey,
  eventRecordHeaderScope,
  eventRecordScopes,
  memberKey,
  optionKey,
  packetContextScope,
  packetHeaderScope,
  SlotTable,
  type Scope,
} from '../read/field-layout.ts';

export const ABSENT = 'absent';
export const PRESENT = 'present';
/** Bits that an integer of variable length becomes. */
const VARIABLE_LENGTH_BITS = 64;

/** An option as CTF 1.8 has it; `index` among the options of the variant. */
export interface LabelledOption {
  readonly index: number;
  readonly name: string;
  readonly ranges: IntegerRangeSet;
}

/** An integer or boolean that selects. */
interface Selector {
  readonly length: number;
  readonly lower: bigint;
  readonly upper: bigint;
  readonly labels: Map<string, IntegerRangeSet>;
  isChanged: boolean;
}

export class Ctf18Selectors {
  readonly #slots: SlotTable;
  /** By key. */
  readonly #selectors = new Map<string, Selector>();
  readonly #bySlot = new Map<number, Selector[]>();
  readonly #options = new Map<string, readonly LabelledOption[]>();

  constructor(traceClass: TraceClass) {
    this.#slots = new SlotTable(traceClass);
    const scopes: Scope[] = [...packetHeaderScope(traceClass)];
    for (const dsc of traceClass.dataStreamClasses.values()) {
      scopes.push(...packetContextScope(dsc), ...eventRecordHeaderScope(dsc), ...commonContextScope(dsc));
      for (const erc of dsc.eventRecordClasses.values()) scopes.push(...eventRecordScopes(dsc, erc));
    }
    for (const { fieldClass, key } of scopes) this.#visit(fieldClass, key);
  }

  /** Labels of the integer at `key`; undefined = as the class has them. */
  mappingsAt(key: string): Readonly<Record<string, IntegerRangeSet>> | undefined {
    const selector = this.#selectors.get(key);
    return selector?.isChanged === true ? Object.fromEntries(selector.labels) : undefined;
  }

  /** Options of the variant or optional field at `key`; those that no value selects are left out. */
  optionsAt(key: string): readonly LabelledOption[] {
    return this.#options.get(key) ?? [];
  }

  /** In the order of decoding, so that selectors come before what they select. */
  #visit(fc: FieldClass, key: string): void {
    switch (fc.type) {
      case 'structure':
        for (const { name, fieldClass } of fc.memberClasses) this.#visit(fieldClass, memberKey(key, name));
        return;
      case 'static-length-array':
      case 'dynamic-length-array':
        this.#visit(fc.elementFieldClass, elementKey(key));
        return;
      case 'optional':
        this.#labelOptional(fc, key);
        this.#visit(fc.fieldClass, elementKey(key));
        return;
      case 'variant':
        this.#labelVariant(fc, key);
        fc.options.forEach((option, index) => this.#visit(option.fieldClass, optionKey(key, option.name, index)));
        return;
      default:
        this.#addSelector(fc, key);
    }
  }

  #addSelector(fc: FieldClass, key: string): void {
    const slots = this.#slots.producedBy(key);
    if (slots.length === 0) return;
    const length = 'length' in fc ? fc.length : VARIABLE_LENGTH_BITS;
    const isSigned = fc.type === 'fixed-length-signed-integer' || fc.type === 'variable-length-signed-integer';
    const span = 1n << BigInt(length);
    const selector: Selector = {
      length,
      lower: isSigned ? -span / 2n : 0n,
      upper: isSigned ? span / 2n - 1n : span - 1n,
      labels: new Map('mappings' in fc ? Object.entries(fc.mappings ?? {}) : []),
      isChanged: false,
    };
    this.#selectors.set(key, selector);
    for (const slot of slots) this.#bySlot.set(slot, [...(this.#bySlot.get(slot) ?? []), selector]);
  }

  #selectorsOf(key: string): readonly Selector[] {
    return this.#bySlot.get(this.#slots.consumedBy(key).slot) ?? [];
  }

  #labelVariant(fc: VariantFieldClass, key: string): void {
    const selectors = this.#selectorsOf(key);
    const taken = new Set<string>();
    const options = fc.options.flatMap(({ name, selectorFieldRanges }, index): LabelledOption[] => {
      const ranges = within(selectorFieldRanges, selectors[0]);
      return ranges.length === 0 ? [] : [{ index, ranges, name: addLabel(selectors, name, ranges, taken) }];
    });
    this.#options.set(key, options);
  }

  #labelOptional(fc: OptionalFieldClass, key: string): void {
    const selectors = this.#selectorsOf(key);
    const [first] = selectors;
    if (first === undefined) return;
    const present = within(fc.selectorFieldRanges ?? [[1n, first.upper]], first);
    const absent = complement(present, first);
    const taken = new Set<string>();
    const option = (index: number, name: string, ranges: IntegerRangeSet): LabelledOption[] =>
      ranges.length === 0 ? [] : [{ index, ranges, name: addLabel(selectors, name, ranges, taken) }];
    this.#options.set(key, [...option(0, ABSENT, absent), ...option(1, PRESENT, present)]);
  }
}

/** Gives all selectors a label with these ranges; returns it: `name`, or one like it that nothing else has. */
function addLabel(selectors: readonly Selector[], name: string, ranges: IntegerRangeSet, taken: Set<string>): string {
  const has = ({ labels, length }: Selector, label: string): boolean => {
    const known = labels.get(label);
    return known !== undefined && areSameRanges(known, ranges, length);
  };
  // What came from CTF 1.8 stays as it is.
  const own = labelsOfOption(name).find(
    (label) => isTsdlIdentifier(label) && !taken.has(label) && selectors.every((selector) => has(selector, label)),
  );
  if (own !== undefined) {
    taken.add(own);
    return name;
  }
  const isFree = (label: string): boolean =>
    !taken.has(label) && selectors.every((selector) => !selector.labels.has(label) || has(selector, label));
  const wanted = labelFor(name);
  let label = wanted;
  for (let suffix = 2; !isFree(label); suffix++) label = `${wanted}_${suffix}`;
  taken.add(label);
  for (const selector of selectors) {
    if (selector.labels.has(label)) continue;
    selector.labels.set(label, ranges);
    selector.isChanged = true;
  }
  return label;
}

/** An identifier without the underscore that readers would take away. */
function labelFor(name: string): string {
  const label = replaceForeignCharacters(name).replace(/^_+/, '');
  return isTsdlIdentifier(label) ? label : `option_${label}`;
}

/** The part of ranges that a selector can hold. */
function within(ranges: IntegerRangeSet, selector: Selector | undefined): IntegerRangeSet {
  if (selector === undefined) return ranges;
  const { lower, upper } = selector;
  return ranges
    .map(([first, last]): [bigint, bigint] => [BigInt(first), BigInt(last)])
    .map(([first, last]): [bigint, bigint] => [first < lower ? lower : first, last > upper ? upper : last])
    .filter(([first, last]) => first <= last);
}

/** All that a selector can hold and ranges do not have. */
function complement(ranges: IntegerRangeSet, { lower, upper }: Selector): IntegerRangeSet {
  const sorted = ranges
    .map(([first, last]): [bigint, bigint] => [BigInt(first), BigInt(last)])
    .sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const gaps: [bigint, bigint][] = [];
  let next = lower;
  for (const [first, last] of sorted) {
    if (first > next) gaps.push([next, first - 1n]);
    if (last >= next) next = last + 1n;
  }
  if (next <= upper) gaps.push([next, upper]);
  return gaps;
}
