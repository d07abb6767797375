// SPDX-License-Identifier: MIT
// What an analysis gives as rows: values in base units, and of each column what they are. How they are
// printed is decided by format-table-*.ts.

/**
 * `duration` ns; `time` ns since the Unix epoch (or the trace's origin) as bigint; `share` 0 to 1;
 * `bytes`, `count` and `number` plain; `text` a string. Undefined: there is no such value.
 */
export type ColumnKind = 'text' | 'count' | 'number' | 'bytes' | 'duration' | 'share' | 'time';
export type Cell = string | number | bigint | undefined;

export interface Column {
  /** Key in JSON and CSV. */
  readonly key: string;
  readonly title: string;
  readonly kind: ColumnKind;
}

export interface Table {
  /** Key in JSON. */
  readonly key: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** Rows that `--limit` left out. */
  readonly omittedRowCount: number;
  /** Sentences: what the trace cannot tell, and what to record for it. */
  readonly notes: readonly string[];
  /** Rows are buckets from a value to a value, and the last column their counts: drawn as bars. */
  readonly isHistogram: boolean;
}

export function column(key: string, title: string, kind: ColumnKind): Column {
  return { key, title, kind };
}

export function makeTable(
  key: string,
  title: string,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: { readonly limit?: number; readonly notes?: readonly string[]; readonly isHistogram?: boolean } = {},
): Table {
  const { limit = rows.length, notes = [], isHistogram = false } = options;
  return {
    key,
    title,
    columns,
    rows: rows.slice(0, limit),
    omittedRowCount: Math.max(0, rows.length - limit),
    notes,
    isHistogram,
  };
}

/** Greatest first, by the number in column `index`; equal ones stay in their order. */
export function sortedBy(rows: readonly (readonly Cell[])[], index: number): readonly (readonly Cell[])[] {
  return rows.toSorted((one, other) => Number(other[index] ?? 0) - Number(one[index] ?? 0));
}
