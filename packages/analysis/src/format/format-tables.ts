// SPDX-License-Identifier: MIT
// Tables as text for a terminal, as Markdown, CSV and JSON.

import type { TablesReport } from '../tables/analyze-tables.ts';
import type { Cell, Column, ColumnKind, Table } from '../tables/table.ts';

export interface TableFormat {
  readonly isUtc: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}

const MAX_TEXT_CHARACTERS = 48;
const BAR = '█';
const HALF_BAR = '▌';

/** Columns of numbers stand right, of texts left; each table under its title. */
export function formatTablesText(report: TablesReport, format: TableFormat): string {
  const parts = [rangeText(report, format)];
  for (const table of report.tables) {
    const body = table.isHistogram ? histogramText(table, format) : tableText(table, report, format);
    parts.push([table.title, ...body, ...footText(table)].join('\n'));
  }
  return `${parts.join('\n\n')}\n`;
}

export function formatTablesMarkdown(report: TablesReport, format: TableFormat): string {
  const parts = [rangeText(report, format)];
  for (const table of report.tables) {
    const escape = (text: string): string => text.replace(/[\\|<]/g, '\\$&');
    const line = (cells: readonly string[]): string => `| ${cells.map(escape).join(' | ')} |`;
    const rows = table.rows.map((row) =>
      line(table.columns.map((column, index) => cellText(row[index], column.kind, report, format))),
    );
    const rule = `|${table.columns.map(({ kind }) => (kind === 'text' ? '---' : '---:')).join('|')}|`;
    parts.push(
      [`## ${table.title}`, '', line(table.columns.map(({ title }) => title)), rule, ...rows, ...footText(table)].join(
        '\n',
      ),
    );
  }
  return `${parts.join('\n\n')}\n`;
}

/** One table behind the other, each with a line of its key before its header; values in base units. */
export function formatTablesCsv(report: TablesReport): string {
  const quote = (cell: Cell): string => {
    const text = cell === undefined ? '' : String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const parts = report.tables.map((table) =>
    [`# ${table.key}`, table.columns.map(({ key }) => key), ...table.rows]
      .map((row) => (typeof row === 'string' ? row : table.columns.map((_, index) => quote(row[index])).join(',')))
      .join('\n'),
  );
  return `${parts.join('\n\n')}\n`;
}

/** Rows as objects; ns, bytes and shares as numbers, times as strings of ns. */
export function formatTablesJson(report: TablesReport): string {
  const tables = report.tables.map(({ key, title, columns, rows, omittedRowCount, notes }) => ({
    key,
    title,
    units: Object.fromEntries(
      columns.flatMap(({ key: name, kind }) => (UNITS[kind] === '' ? [] : [[name, UNITS[kind]]])),
    ),
    rows: rows.map((row) => Object.fromEntries(columns.map(({ key: name }, index) => [name, jsonOf(row[index])]))),
    ...(omittedRowCount === 0 ? {} : { omittedRowCount }),
    ...(notes.length === 0 ? {} : { notes }),
  }));
  const { family, beginNs, endNs, discardedCount } = report;
  const range = { beginNs: jsonOf(beginNs), endNs: jsonOf(endNs) };
  return `${JSON.stringify({ family, ...range, discardedEventRecords: String(discardedCount), tables }, undefined, 1)}\n`;
}

const UNITS: Readonly<Record<ColumnKind, string>> = {
  text: '',
  count: '',
  number: '',
  bytes: 'B',
  duration: 'ns',
  share: '',
  time: 'ns',
};

function jsonOf(cell: Cell): string | number | null {
  if (cell === undefined) return null;
  return typeof cell === 'bigint' ? String(cell) : cell;
}

function rangeText(report: TablesReport, format: TableFormat): string {
  const { beginNs, endNs, discardedCount } = report;
  if (beginNs === undefined || endNs === undefined) return 'The trace has no event records.';
  const losses = discardedCount === 0n ? '' : `; ${discardedCount} event records were discarded, so counts are too low`;
  return `From ${timeText(beginNs, report, format)} to ${timeText(endNs, report, format)}, ${(Number(endNs - beginNs) / 1e9).toFixed(3)} s${losses}`;
}

function footText(table: Table): readonly string[] {
  const lines: string[] = [];
  if (table.rows.length === 0 && table.notes.length === 0) lines.push('  nothing');
  if (table.omittedRowCount > 0) lines.push(`  ${table.omittedRowCount} more; --limit shows them`);
  for (const note of table.notes) lines.push(`  ${note}`);
  return lines;
}

function tableText(table: Table, report: TablesReport, format: TableFormat): readonly string[] {
  if (table.rows.length === 0) return [];
  const texts = table.rows.map((row) =>
    table.columns.map(({ kind }, index) => cut(cellText(row[index], kind, report, format), kind)),
  );
  const widths = table.columns.map(({ title }, index) =>
    Math.max(title.length, ...texts.map((row) => (row[index] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((text, index) => pad(text, widths[index] ?? 0, table.columns[index])).join('  ')}`.trimEnd();
  return [line(table.columns.map(({ title }) => title)), ...texts.map(line)];
}

/** As lttng-analyses draws them: where a bucket begins, its bar, its count. */
function histogramText(table: Table, format: TableFormat): readonly string[] {
  const counts = table.rows.map((row) => Number(row[2] ?? 0));
  const greatest = Math.max(0, ...counts);
  const kind = table.columns[0]?.kind ?? 'number';
  const labels = table.rows.map((row) => valueText(Number(row[0] ?? 0), kind));
  const labelWidth = Math.max(0, ...labels.map((label) => label.length));
  const countWidth = String(greatest).length;
  const room = Math.max(10, format.width - labelWidth - countWidth - 8);
  return table.rows.map((_, index) => {
    const share = greatest === 0 ? 0 : (counts[index] ?? 0) / greatest;
    const halves = Math.round(share * room * 2);
    const bar = BAR.repeat(halves >> 1) + (halves % 2 === 1 ? HALF_BAR : '');
    return `  ${(labels[index] ?? '').padStart(labelWidth)}  ${bar.padEnd(room)}  ${String(counts[index]).padStart(countWidth)}`;
  });
}

function pad(text: string, width: number, column: Column | undefined): string {
  return column?.kind === 'text' ? text.padEnd(width) : text.padStart(width);
}

function cut(text: string, kind: ColumnKind): string {
  return kind === 'text' && text.length > MAX_TEXT_CHARACTERS ? `${text.slice(0, MAX_TEXT_CHARACTERS - 1)}…` : text;
}

function cellText(cell: Cell, kind: ColumnKind, report: TablesReport, format: TableFormat): string {
  if (cell === undefined) return '';
  if (kind === 'time') return timeText(BigInt(cell), report, format);
  // What a trace says may hold anything: control characters do not reach the terminal.
  // oxlint-disable-next-line no-control-regex -- see above
  if (kind === 'text') return String(cell).replace(/[\u0000-\u001f\u007f-\u009f]/g, '.');
  return valueText(Number(cell), kind);
}

function valueText(value: number, kind: ColumnKind): string {
  switch (kind) {
    case 'duration':
      return `${(value / 1000).toFixed(3)} us`;
    case 'bytes':
      return bytesText(value);
    case 'share':
      return `${(value * 100).toFixed(2)} %`;
    default:
      return String(value);
  }
}

function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(2)} ${units[unit]}`;
}

function timeText(ns: bigint, report: TablesReport, format: TableFormat): string {
  const fraction = String(((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).padStart(9, '0');
  if (!report.isWallClock) return `${ns / 1_000_000_000n}.${fraction}`;
  const date = new Date(Number(ns / 1_000_000n));
  const parts = format.isUtc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${parts.map((part) => String(part).padStart(2, '0')).join(':')}.${fraction}`;
}
