// SPDX-License-Identifier: MIT
// Log levels and model URIs of event record classes: CTF 1.8 has attributes of its own for them, in
// CTF 2 LTTng and Babeltrace write them as attributes under namespaces of theirs.

import { LOG_LEVEL_NAMES } from '@lockstep/base';
import type { Attributes } from '../model/field-class.ts';

/** LTTng's namespace, which Lockstep writes, then Babeltrace's. */
export const OWN_ATTRIBUTE_NAMESPACES: readonly string[] = ['lttng.org,2009', 'babeltrace.org,2020'];

/** By number, as both spell them in metadata: `debug:line`. */
const LEVELS = LOG_LEVEL_NAMES.map((name) => name.replace('-', ':'));

export interface OwnAttributes {
  readonly logLevel?: number;
  readonly emfUri?: string;
}

export function logLevelOf(attributes: Attributes | undefined): OwnAttributes {
  let own: OwnAttributes = {};
  for (const namespace of OWN_ATTRIBUTE_NAMESPACES) {
    const value = attributes?.[namespace];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    const { 'log-level': level, 'emf-uri': uri } = value as Attributes;
    const number = LEVELS.findIndex((name) => name === level);
    own = {
      ...own,
      ...(number >= 0 ? { logLevel: number } : typeof level === 'number' ? { logLevel: level } : {}),
      ...(typeof uri === 'string' ? { emfUri: uri } : {}),
    };
  }
  return own;
}

/** The same as attributes; numbers that have no name stay numbers. */
export function ownAttributes({ logLevel, emfUri }: OwnAttributes): Attributes | undefined {
  if (logLevel === undefined && emfUri === undefined) return undefined;
  return {
    [OWN_ATTRIBUTE_NAMESPACES[0] ?? '']: {
      ...(logLevel === undefined ? {} : { 'log-level': LEVELS[logLevel] ?? logLevel }),
      ...(emfUri === undefined ? {} : { 'emf-uri': emfUri }),
    },
  };
}
