// SPDX-License-Identifier: MIT
// Files on a web server as a medium that has to be waited for; and bytes in memory as one, for those
// who take only that kind.

import { CtfError, SystemError } from '@lockstep/base';
import type { AsyncMedium } from './medium.ts';

/** Bytes in memory, which are not copied. */
export function bytesMedium(bytes: Uint8Array): AsyncMedium {
  return {
    sizeBytes: bytes.length,
    read: (offset, sizeBytes) => Promise.resolve(bytes.subarray(offset, offset + sizeBytes)),
  };
}

interface ResponseLike {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  arrayBuffer(): Promise<ArrayBuffer>;
}
export type FetchLike = (
  url: string,
  options: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> },
) => Promise<ResponseLike>;

/** A server that knows no ranges sends all; more than this is refused then. */
const LARGEST_WHOLE_BYTES = 64 * 1024 * 1024;

/** A file on a web server, by range requests. `fetch` is the environment's own when not given. */
export async function httpMedium(url: string, options: { readonly fetch?: FetchLike } = {}): Promise<AsyncMedium> {
  const fetch = options.fetch ?? (globalThis as unknown as { readonly fetch: FetchLike }).fetch;
  const ask = (offset: number, sizeBytes: number): Promise<ResponseLike> =>
    request(fetch, url, { headers: { Range: `bytes=${offset}-${offset + sizeBytes - 1}` } });
  const first = await ask(0, 1);
  if (first.status === 416) return bytesMedium(new Uint8Array(0));
  if (first.status === 206) {
    const sizeBytes = totalOf(first);
    if (sizeBytes === undefined) throw new CtfError('The server does not say how large a file is.', { url });
    return {
      sizeBytes,
      read: async (offset, size) => new Uint8Array(await (await ask(offset, size)).arrayBuffer()).subarray(0, size),
    };
  }
  const length = Number(first.headers.get('content-length') ?? 0);
  if (length > LARGEST_WHOLE_BYTES)
    throw new CtfError('The server sends whole files only, and this one is too large for that.', { url, length });
  return bytesMedium(new Uint8Array(await first.arrayBuffer()));
}

async function request(fetch: FetchLike, url: string, options: Parameters<FetchLike>[1]): Promise<ResponseLike> {
  let response: ResponseLike;
  try {
    response = await fetch(url, options);
  } catch (error) {
    throw new SystemError('The server does not answer.', 'EIO', 'fetch', url, { cause: error });
  }
  if (![200, 206, 416].includes(response.status))
    throw new SystemError(`The server answers with status ${response.status}.`, 'EIO', 'fetch', url);
  return response;
}

/** `bytes 0-0/4711`. */
function totalOf(response: ResponseLike): number | undefined {
  const total = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}
