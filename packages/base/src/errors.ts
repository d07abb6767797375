// SPDX-License-Identifier: MIT
// The errors that Lockstep expects. A message is one sentence that says what, where and what to do,
// followed by `name=value` pairs; the command line prints it without a stack. Anything else that is
// thrown is our bug and keeps its stack.

/** Details that a message is followed by: `name=value`, in the order given. */
export type ErrorPairs = Readonly<Record<string, string | number | bigint | undefined>>;

/** Base of every error that a user can cause or meet. */
export class LockstepError extends Error {
  /** The sentence without the pairs. */
  readonly sentence: string;
  readonly pairs: ErrorPairs;

  constructor(sentence: string, pairs: ErrorPairs = {}, options?: { readonly cause?: unknown }) {
    super(formatMessage(sentence, pairs), options);
    this.sentence = sentence;
    this.pairs = pairs;
    this.name = new.target.name;
  }
}

/** What a person typed or configured cannot be done: a rule, an option, a path. */
export class InputError extends LockstepError {}

/** Bytes that claim to be a CTF trace are not, or are damaged. Pairs say the stream, packet index and byte offset. */
export class CtfError extends LockstepError {}

/** A message or a shared file breaks the agreement between a traced program, a session and a relay. */
export class ProtocolError extends LockstepError {}

/** The operating system refused a call. */
export class SystemError extends LockstepError {
  /** Symbolic errno, for instance `EPERM`. */
  readonly code: string;
  /** The system call, for instance `mmap`. */
  readonly syscall: string;
  readonly path: string | undefined;

  constructor(sentence: string, code: string, syscall: string, path?: string, options?: { readonly cause?: unknown }) {
    super(sentence, { errno: code, syscall, path }, options);
    this.code = code;
    this.syscall = syscall;
    this.path = path;
  }
}

function formatMessage(sentence: string, pairs: ErrorPairs): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(pairs)) {
    if (value === undefined) continue;
    parts.push(`${name}=${typeof value === 'string' ? JSON.stringify(value) : String(value)}`);
  }
  return parts.length === 0 ? sentence : `${sentence} [${parts.join(' ')}]`;
}

/** States what must hold; a failure is a bug of Lockstep, not of its input. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** Closes a switch over a union: adding a member becomes a compile error. */
export function assertUnreachable(value: never): never {
  throw new Error(`unreachable value: ${String(value)}`);
}
