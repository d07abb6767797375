// SPDX-License-Identifier: MIT
// babeltrace2's text options as they are typed -> what the printer takes.

import { InputError } from '@lockstep/base';
import { ALL_FIELDS, ALL_NAMES, type PrintedFields, type PrintedNames, type TextOptions } from '@lockstep/ctf';

export interface TextFlags {
  readonly clockCycles?: boolean;
  readonly clockDate?: boolean;
  readonly clockGmt?: boolean;
  readonly clockSeconds?: boolean;
  readonly fields?: string;
  readonly names?: string;
  /** False with `--no-delta`. */
  readonly delta?: boolean;
  readonly color?: string;
}

export function readTextOptions(flags: TextFlags): TextOptions {
  const fields = flags.fields === undefined ? undefined : readList('--fields', flags.fields, ALL_FIELDS);
  // babeltrace2 spells two of them in two ways.
  const names = flags.names === undefined ? undefined : readList('--names', flags.names, ALL_NAMES, NAME_SPELLINGS);
  return {
    ...(flags.clockCycles === true ? { clockCycles: true } : {}),
    ...(flags.clockDate === true ? { clockDate: true } : {}),
    ...(flags.clockGmt === true ? { clockGmt: true } : {}),
    ...(flags.clockSeconds === true ? { clockSeconds: true } : {}),
    ...(flags.delta === false ? { noDelta: true } : {}),
    ...(flags.color === 'always' || (flags.color === 'auto' && isColorful()) ? { color: true } : {}),
    ...(fields === undefined ? {} : { fields: fields satisfies readonly PrintedFields[] }),
    ...(names === undefined ? {} : { names: names satisfies readonly PrintedNames[] }),
  };
}

const NAME_SPELLINGS: ReadonlyMap<string, PrintedNames> = new Map([
  ['args', 'payload'],
  ['arg', 'payload'],
]);

function isColorful(): boolean {
  return process.stdout.isTTY && process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb';
}

function readList<T extends string>(
  option: string,
  text: string,
  all: readonly T[],
  spellings: ReadonlyMap<string, T> = new Map(),
): readonly T[] {
  const words = text.split(',').map((word) => word.trim());
  if (words.includes('all')) return all;
  if (words.includes('none')) return [];
  return words.map((word) => {
    const found = all.find((known) => known === word) ?? spellings.get(word);
    if (found === undefined)
      throw new InputError(`${option} takes a list of ${all.join(', ')}, all or none`, { value: word });
    return found;
  });
}
