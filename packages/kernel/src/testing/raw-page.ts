// SPDX-License-Identifier: MIT
// Builds raw sub-buffers as trace_pipe_raw returns them: the test is the page.

export interface RawPageOptions {
  readonly time?: bigint;
  readonly sizeBytes?: number;
  /** Events lost before this page: a number, or 'unknown'. */
  readonly lost?: bigint | 'unknown';
}

/** A record, its header included. */
export type RawRecord = readonly number[];

export function rawPage(records: readonly RawRecord[], options: RawPageOptions = {}): Uint8Array {
  const page = new Uint8Array(options.sizeBytes ?? 4096);
  const view = new DataView(page.buffer);
  const content = records.flat();
  page.set(content, 16);
  view.setBigUint64(0, options.time ?? 1000n, true);
  let commit = content.length;
  if (options.lost !== undefined) {
    commit |= 1 << 31;
    if (options.lost !== 'unknown') {
      commit |= 1 << 30;
      view.setBigUint64(16 + content.length, options.lost, true);
    }
  }
  view.setInt32(8, commit, true);
  return page;
}

export function u16(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff];
}
export function u32(value: number): number[] {
  return [...u16(value & 0xffff), ...u16(value >>> 16)];
}
export function u64(value: bigint): number[] {
  return [...u32(Number(value & 0xffff_ffffn)), ...u32(Number((value >> 32n) & 0xffff_ffffn))];
}
export function text(value: string, size: number): number[] {
  return Array.from({ length: size }, (_, index) => value.charCodeAt(index) || 0);
}

function header(typeLength: number, delta: number): number[] {
  return u32(typeLength + delta * 32);
}

/** An event of `id` in thread `tid`, `delta` cycles after what stands before it. */
export function event(delta: number, id: number, tid: number, fields: readonly number[]): RawRecord {
  const content = [...u16(id), 0, 0, ...u32(tid), ...fields];
  while (content.length % 4 !== 0) content.push(0);
  if (content.length <= 28 * 4) return [...header(content.length / 4, delta), ...content];
  return [...header(0, delta), ...u32(content.length + 4), ...content];
}
export function timeExtend(delta: bigint): RawRecord {
  return [...header(30, Number(delta & 0x7ff_ffffn)), ...u32(Number(delta >> 27n))];
}
export function timeStamp(time: bigint): RawRecord {
  return [...header(31, Number(time & 0x7ff_ffffn)), ...u32(Number((time >> 27n) & 0xffff_ffffn))];
}
export function discarded(delta: number, sizeBytes: number): RawRecord {
  return [...header(29, delta), ...u32(sizeBytes), ...Array.from({ length: sizeBytes - 4 }, () => 0xee)];
}
