// SPDX-License-Identifier: MIT
// Which values an event record header takes for an id and a time. A header may have short forms: LTTng's
// compact one is an id of 5 bits that also selects an option with 27 bits of time, or one with the
// whole id and 64 bits. The plan finds the first form that holds both.

import type { FieldValue, StructureValue } from '../model/event-record.ts';
import type { FieldClass, IntegerFieldClass, StructureFieldClass, VariantFieldClass } from '../model/field-class.ts';
import { isIntegerFieldClass } from '../model/field-class.ts';

/** The header's value; undefined when no form of the header holds the id and the time. */
export type HeaderPlan = (
  id: bigint,
  clockSnapshot: bigint | undefined,
  lastClock: bigint,
  given: StructureValue | undefined,
) => StructureValue | undefined;

export function planHeader(fc: StructureFieldClass | undefined): HeaderPlan {
  if (fc === undefined) return () => ({});
  const found = selectedForms(fc);
  return (id, clock, last, given) => {
    if (found === undefined) return fill(fc, id, clock, last, given ?? {}, undefined);
    for (const { lower, upper, option } of found.forms) {
      const optionClass = found.variant.options[option]!.fieldClass;
      const hasOwnId = holdsRole(optionClass, 'event-record-class-id');
      if (!hasOwnId && (id < lower || id > upper)) continue;
      const selector = hasOwnId ? lower : id;
      const inner = fillAny(optionClass, id, clock, last);
      if (inner === undefined) continue;
      const own = { ...given, [found.selectorName]: selector, [found.variantName]: inner };
      const filled = fill(fc, selector, clock, last, own, found.variantName);
      if (filled !== undefined) return filled;
    }
    return undefined;
  };
}

interface SelectedForms {
  readonly selectorName: string;
  readonly variantName: string;
  readonly variant: VariantFieldClass;
  readonly forms: readonly { readonly lower: bigint; readonly upper: bigint; readonly option: number }[];
}

/** A variant of the header that its id selects. */
function selectedForms(fc: StructureFieldClass): SelectedForms | undefined {
  for (const { name: variantName, fieldClass: variant } of fc.memberClasses) {
    if (variant.type !== 'variant') continue;
    const { path } = variant.selectorFieldLocation;
    const selectorName = path.at(-1);
    const selector = fc.memberClasses.find((member) => member.name === selectorName);
    if (typeof selectorName !== 'string' || selector === undefined) continue;
    if (!hasRole(selector.fieldClass, 'event-record-class-id')) continue;
    const forms = variant.options.flatMap((option, index) =>
      option.selectorFieldRanges.map(([lower, upper]) => ({
        lower: BigInt(lower),
        upper: BigInt(upper),
        option: index,
      })),
    );
    return { selectorName, variantName, variant, forms };
  }
  return undefined;
}

function fillAny(fc: FieldClass, id: bigint, clock: bigint | undefined, last: bigint): FieldValue {
  if (fc.type === 'structure') return fill(fc, id, clock, last, {}, undefined);
  return isIntegerFieldClass(fc) ? roleValue(fc, id, clock, last, undefined) : undefined;
}

/** Values of a structure's members; undefined when one does not fit. `done` is a member that is as given. */
function fill(
  fc: StructureFieldClass,
  id: bigint,
  clock: bigint | undefined,
  last: bigint,
  given: StructureValue,
  done: string | undefined,
): StructureValue | undefined {
  const filled = new Map<string, FieldValue>(Object.entries(given));
  for (const { name, fieldClass } of fc.memberClasses) {
    if (name === done) continue;
    if (fieldClass.type === 'structure') {
      const inner = fill(fieldClass, id, clock, last, (given[name] as StructureValue | undefined) ?? {}, undefined);
      if (inner === undefined) return undefined;
      filled.set(name, inner);
    } else if (isIntegerFieldClass(fieldClass)) {
      const value = roleValue(fieldClass, id, clock, last, given[name]);
      if (value === undefined) return undefined;
      filled.set(name, value);
    }
  }
  return Object.fromEntries(filled);
}

function roleValue(
  fc: IntegerFieldClass,
  id: bigint,
  clock: bigint | undefined,
  last: bigint,
  given: FieldValue,
): FieldValue {
  const isClock = hasRole(fc, 'default-clock-timestamp') || ('clock' in fc && fc.clock !== undefined);
  if (hasRole(fc, 'event-record-class-id')) {
    return !('length' in fc) || id < 1n << BigInt(fc.length) ? id : undefined;
  }
  if (!isClock) return given ?? 0;
  const reading = clock ?? last;
  if (!('length' in fc) || fc.length >= 64) return reading;
  const span = 1n << BigInt(fc.length);
  // A reader takes the nearest value that is not before the last one.
  return reading >= last && reading - last < span ? reading % span : undefined;
}

function hasRole(fc: FieldClass, role: string): boolean {
  return 'roles' in fc && (fc.roles ?? []).some((own) => own === role);
}

function holdsRole(fc: FieldClass, role: string): boolean {
  if (fc.type === 'structure') return fc.memberClasses.some((member) => holdsRole(member.fieldClass, role));
  return hasRole(fc, role);
}
