// SPDX-License-Identifier: MIT
// Orders in, a sales report as text out. Written as such code often is: for each product it walks all
// orders again. Compiled with a source map, so that a stall in here is told by this file's lines.

export interface Order {
  readonly id: number;
  readonly sku: string;
  readonly total: number;
  readonly placedAt: number;
}

interface ReportLine {
  readonly sku: string;
  readonly count: number;
  readonly total: number;
  readonly median: number;
}

/** The planted cause: orders × products, and a sort of each product's totals. */
export function renderReport(orders: readonly Order[], skus: readonly string[]): string {
  const lines: ReportLine[] = [];
  for (const sku of skus) {
    let count = 0;
    let total = 0;
    const totals: number[] = [];
    for (const order of orders) {
      if (order.sku !== sku) continue;
      count += 1;
      total += order.total;
      totals.push(order.total);
    }
    totals.sort((a, b) => a - b);
    lines.push({ sku, count, total, median: totals[totals.length >> 1] ?? 0 });
  }
  return lines
    .map((line) => `${line.sku}\t${line.count}\t${line.total.toFixed(2)}\t${line.median.toFixed(2)}`)
    .join('\n');
}
