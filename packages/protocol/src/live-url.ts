// SPDX-License-Identifier: MIT
// Addresses of live sessions, as babeltrace2 spells them:
// `net://HOST[:PORT][/host/TRACED-HOST/SESSION]`.

import { InputError } from '@lockstep/base';
import { LIVE_PORT } from './live-messages.ts';

export interface LiveUrl {
  readonly host: string;
  readonly port: number;
  /** Of IP, when the address says it: `net4`, `net6`. */
  readonly family: 4 | 6 | undefined;
  /** Absent: the address of a relay, whose sessions can be listed. */
  readonly session: { readonly hostname: string; readonly name: string } | undefined;
}

const SHAPE = /^net([46]?):\/\/(\[[^\]/]+\]|[^:/]+)(?::(\d{1,5}))?(?:\/(?:host\/([^/]+)\/([^/]+)\/?)?)?$/;

export function isLiveUrl(text: string): boolean {
  return /^net[46]?:\/\//.test(text);
}

export function parseLiveUrl(text: string): LiveUrl {
  const parts = SHAPE.exec(text);
  const port = parts?.[3] === undefined ? LIVE_PORT : Number(parts[3]);
  if (parts === null || port === 0 || port > 65_535)
    throw new InputError('A live address is net://HOST[:PORT]/host/TRACED-HOST/SESSION', { address: text });
  const [, family, host, , hostname, name] = parts;
  return {
    host: host!.replace(/^\[|\]$/g, ''),
    port,
    family: family === '4' ? 4 : family === '6' ? 6 : undefined,
    session: hostname === undefined || name === undefined ? undefined : { hostname, name },
  };
}
