// SPDX-License-Identifier: MIT
// The tables of an ABI (text, tables/*.ts) and the user's own additions -> number, name and arguments
// of its system calls. Parsed when first asked for, since a recording needs two of twenty-eight.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { InputError } from '@lockstep/base';
import { TABLE_TEXTS } from './tables/index.ts';
import { SIGNATURES } from './tables/signatures.ts';

export type SyscallAbi = keyof typeof TABLE_TEXTS;

export const SYSCALL_ABIS = Object.keys(TABLE_TEXTS) as readonly SyscallAbi[];

export interface SyscallArgument {
  readonly name: string;
  /** As in the kernel's source, without `__user`. */
  readonly typeName: string;
  /** Of what a pointer points to: the kernel reads it, fills it, or both. `in` for all that is no pointer. */
  readonly direction: 'in' | 'out' | 'inout';
}

export interface SyscallDescription {
  readonly number: number;
  /** As in `__NR_name`. */
  readonly name: string;
  /** Of the kernel's function behind it, without `sys_`: what its events are named after. */
  readonly functionName: string;
  /** Undefined: the kernel has no function for it any more, or it is written in assembler. */
  readonly args: readonly SyscallArgument[] | undefined;
}

export interface SyscallTable {
  readonly abi: SyscallAbi;
  readonly byNumber: ReadonlyMap<number, SyscallDescription>;
  readonly byName: ReadonlyMap<string, SyscallDescription>;
  readonly byFunctionName: ReadonlyMap<string, SyscallDescription>;
}

const tables = new Map<SyscallAbi, SyscallTable>();
let signatures: ReadonlyMap<string, string> | undefined;

/** Throws InputError for additions that make no sense. */
export function syscallTable(abi: SyscallAbi): SyscallTable {
  let table = tables.get(abi);
  if (table === undefined) tables.set(abi, (table = makeTable(abi, TABLE_TEXTS[abi], readAdditions())));
  return table;
}

/** For tests; `additions` is the content of an additions file. */
export function makeTable(abi: SyscallAbi, text: string, additions: AdditionsFile | undefined): SyscallTable {
  const byNumber = new Map<number, SyscallDescription>();
  for (const line of text.split('\n')) {
    const [number, name, signature] = line.split(' ');
    if (number === undefined || name === undefined) continue;
    const args = signature === '?' ? undefined : signatureOf(signature ?? name);
    const functionName = (signature === '?' ? undefined : signature?.replace(/\.\d+$/, '')) ?? name;
    byNumber.set(Number(number), { number: Number(number), name, functionName, args });
  }
  for (const added of additions === undefined ? [] : parseAdditions(additions)) {
    if (added.abi === abi) byNumber.set(added.number, added);
  }
  const byName = new Map([...byNumber.values()].map((call) => [call.name, call]));
  const byFunctionName = new Map([...byNumber.values()].map((call) => [call.functionName, call]));
  return { abi, byNumber, byName, byFunctionName };
}

/** Of a function of the kernel, whatever ABI it is called from; undefined: not known. */
export function signatureOf(functionName: string): readonly SyscallArgument[] | undefined {
  signatures ??= new Map(
    SIGNATURES.split('\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
  const text = signatures.get(functionName);
  return text === undefined ? undefined : parseArguments(text);
}

function parseArguments(text: string): SyscallArgument[] {
  if (text.trim() === '') return [];
  return text.split(',').map((word): SyscallArgument => {
    const match = /^\s*([<>=]?)(.*?)\s*\b(\w+)\s*$/.exec(word);
    const direction = match?.[1] === '>' ? 'out' : match?.[1] === '=' ? 'inout' : 'in';
    return { name: match?.[3] ?? '', typeName: (match?.[2] ?? '').trim(), direction };
  });
}

export interface AdditionsFile {
  readonly path: string;
  readonly text: string;
}

/**
 * What a user teaches without a new version: `$LOCKSTEP_SYSCALLS`, else `syscalls` in Lockstep's
 * configuration directory. A missing file is no error unless the variable names it.
 */
function readAdditions(): AdditionsFile | undefined {
  const named = process.env['LOCKSTEP_SYSCALLS'];
  const configuration = process.env['XDG_CONFIG_HOME'] ?? `${homedir()}/.config`;
  const path = named ?? `${configuration}/lockstep/syscalls`;
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    if (named === undefined) return undefined;
    throw new InputError('The file of additional system calls cannot be read.', { path }, { cause: error });
  }
}

const ADDITION = /^(\S+)\s+(\d+|0x[0-9a-fA-F]+)\s+([A-Za-z_]\w*)\s*(?:\((.*)\))?$/;

/** Lines `ABI NUMBER NAME(ARGUMENTS)`, `#` begins a comment. */
function parseAdditions(file: AdditionsFile): (SyscallDescription & { readonly abi: string })[] {
  const added: (SyscallDescription & { readonly abi: string })[] = [];
  for (const [index, line] of file.text.split('\n').entries()) {
    const text = line.replace(/#.*/, '').trim();
    if (text === '') continue;
    const match = ADDITION.exec(text);
    const args = match?.[4] === undefined ? undefined : parseArguments(match[4]);
    const isSound =
      match !== null &&
      (SYSCALL_ABIS as readonly string[]).includes(match[1] ?? '') &&
      (args ?? []).every((arg) => arg.name !== '' && arg.typeName !== '') &&
      (args ?? []).length <= 6;
    if (!isSound)
      throw new InputError(
        'A line of the additional system calls makes no sense; it should read like: x86-64 470 frobnicate(int fd, <const char * path).',
        { path: file.path, line: index + 1, text },
      );
    const name = match[3] ?? '';
    added.push({ abi: match[1] ?? '', number: Number(match[2]), name, functionName: name, args });
  }
  return added;
}
