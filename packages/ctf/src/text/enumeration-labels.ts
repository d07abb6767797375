// SPDX-License-Identifier: MIT
// The labels of an enumeration's value: every mapping whose ranges hold it, in the metadata's order.

import type { IntegerFieldClass } from '../model/field-class.ts';

export function enumerationLabels(fc: IntegerFieldClass, value: number | bigint): string[] {
  const labels: string[] = [];
  for (const [label, ranges] of Object.entries(fc.mappings ?? {})) {
    // Mixed comparisons of numbers and bigints are exact.
    if (ranges.some(([lower, upper]) => value >= lower && value <= upper)) labels.push(label);
  }
  return labels;
}
