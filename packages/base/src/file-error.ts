// SPDX-License-Identifier: MIT
// What Node throws of a file -> a SystemError whose sentence says why.

import { SystemError } from './errors.ts';

/** Gives a failed file operation a sentence; what is no system error passes. */
export function explainFileError(error: unknown, sentence: string, path: string): unknown {
  // NodeJS.ErrnoException; this package knows no types of Node.
  const { code, syscall } = error as { readonly code?: string; readonly syscall?: string };
  if (code === undefined || syscall === undefined || error instanceof SystemError) return error;
  return new SystemError(`${sentence}: ${explainCode(code)}`, code, syscall, path, { cause: error });
}

function explainCode(code: string): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no space is left';
    case 'ENOENT':
      return 'there is no such directory';
    case 'ENOTDIR':
      return 'a part of the path is a file';
    case 'EEXIST':
      return 'it exists already';
    case 'EISDIR':
      return 'it is a directory';
    case 'EIO':
      return 'the disk reports an error';
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open';
    case 'ENAMETOOLONG':
      return 'the name is too long';
    default:
      return `the system says ${code}`;
  }
}
