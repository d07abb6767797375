// SPDX-License-Identifier: MIT
// Who a recording belongs to: the user who typed the command, also when sudo made that root. The
// traced program runs as that user, and the trace is theirs.

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
  readonly homeDirectory: string;
  /** Undefined when the user database does not say. */
  readonly userName: string | undefined;
  /** True when this process is root for somebody else: files have to be handed over. */
  readonly isInvokedBySudo: boolean;
}

/** `asRoot` keeps root root, as `record --as-root` asks. */
export function findOwner(environment: NodeJS.ProcessEnv = process.env, asRoot = false): Owner {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const sudoUid = readId(environment['SUDO_UID']);
  const sudoGid = readId(environment['SUDO_GID']);
  if (asRoot || uid !== 0 || sudoUid === undefined || sudoUid === 0 || sudoGid === undefined) {
    return { uid, gid, homeDirectory: homedir(), userName: undefined, isInvokedBySudo: false };
  }
  const entry = findUser(sudoUid);
  return {
    uid: sudoUid,
    gid: sudoGid,
    homeDirectory: entry?.homeDirectory ?? homedir(),
    userName: entry?.name ?? environment['SUDO_USER'],
    isInvokedBySudo: true,
  };
}

function readId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

function findUser(uid: number): { readonly name: string; readonly homeDirectory: string } | undefined {
  let text: string;
  try {
    text = readFileSync('/etc/passwd', 'utf8');
  } catch {
    return undefined;
  }
  for (const line of text.split('\n')) {
    const [name, , id, , , homeDirectory] = line.split(':');
    if (name !== undefined && id === String(uid) && homeDirectory !== undefined && homeDirectory !== '') {
      return { name, homeDirectory };
    }
  }
  return undefined;
}
