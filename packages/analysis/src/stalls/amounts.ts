// SPDX-License-Identifier: MIT
// How amounts are said: `84 ms`, `3.2 ms`, `12.3 s`, `11.8 MB`, `14:02:07.113`.

/** From 10 ms on whole ms; below, one digit that is not 0. */
export function msText(ms: number): string {
  if (ms >= 9.95) return `${Math.round(ms)} ms`;
  if (ms > 0 && ms < 0.05) return `${Math.max(1, Math.round(ms * 1000))} us`;
  const tenths = Math.round(ms * 10) / 10;
  return `${tenths} ms`;
}

export function durationText(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : msText(ms);
}

export function sizeText(size: number): string {
  if (size >= 1e6) return `${(size / 1e6).toFixed(1)} MB`;
  if (size >= 1e4) return `${Math.round(size / 1e3)} kB`;
  return `${size} B`;
}

export function countText(count: number | bigint, singular: string, plural = `${singular}s`): string {
  const digits = String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
  return `${digits} ${count === 1 || count === 1n ? singular : plural}`;
}

/** Time of day of ns since the Unix epoch, in the reader's time zone or in UTC. */
export function clockText(ns: bigint, isUtc: boolean): string {
  const ms = Number(ns / 1_000_000n);
  const date = new Date(ms);
  const parts = isUtc
    ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    : [date.getHours(), date.getMinutes(), date.getSeconds()];
  const [hours, minutes, seconds] = parts.map((part) => String(part).padStart(2, '0'));
  return `${hours}:${minutes}:${seconds}.${String(((ms % 1000) + 1000) % 1000).padStart(3, '0')}`;
}

/** When the clock is not the wall clock: seconds since the trace's begin. */
export function relativeText(ns: bigint): string {
  return `+${(Number(ns) / 1e9).toFixed(3)} s`;
}
