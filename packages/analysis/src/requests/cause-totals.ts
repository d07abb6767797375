// SPDX-License-Identifier: MIT
// ns by category, and by text within it while there is room: texts beyond the limit share one.

import type { RequestCategory } from './request-report.ts';

export interface CauseTotal {
  readonly category: RequestCategory;
  readonly text: string;
  ns: number;
  count: number;
}

export class CauseTotals {
  readonly categories = new Map<RequestCategory, number>();
  readonly causes = new Map<string, CauseTotal>();
  /** Of one request: how many waits stand behind a text. */
  readonly waitCounts = new Map<string, number>();
  readonly #maxCauses: number;

  /** `maxCauses` 0: categories alone; texts are then not even made. */
  constructor(maxCauses: number) {
    this.#maxCauses = maxCauses;
  }

  /** `text` '' when nobody will read it. */
  add(category: RequestCategory, ns: number, text: string): void {
    this.categories.set(category, (this.categories.get(category) ?? 0) + ns);
    if (this.#maxCauses > 0) this.#addCause(category, text, ns, 1);
  }

  addAll(others: CauseTotals): void {
    for (const [category, ns] of others.categories)
      this.categories.set(category, (this.categories.get(category) ?? 0) + ns);
    for (const { category, text, ns } of others.causes.values()) this.#addCause(category, text, ns, 1);
  }

  /** Longest first. */
  sorted(): CauseTotal[] {
    return [...this.causes.values()].sort((a, b) => b.ns - a.ns);
  }

  #addCause(category: RequestCategory, text: string, ns: number, count: number): void {
    let key = `${category} ${text}`;
    let cause = this.causes.get(key);
    if (cause === undefined && this.causes.size >= this.#maxCauses) {
      key = `${category} `;
      cause = this.causes.get(key);
    }
    if (cause === undefined) this.causes.set(key, { category, text: key.slice(category.length + 1), ns, count });
    else {
      cause.ns += ns;
      cause.count += count;
    }
  }
}
