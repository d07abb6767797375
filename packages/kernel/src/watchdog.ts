// SPDX-License-Identifier: MIT
// A tiny process that outlives us only long enough to turn our events off: it reads a pipe whose
// other end dies with us. Events that stay enabled in an abandoned instance slow every program of
// the machine by a fifth, so "the next start cleans up" is not enough. Its own session, so that
// Ctrl-C and a hang-up of the terminal pass it by.

import { spawn, type ChildProcess } from 'node:child_process';

/** "done" ends it in peace; end of file means that we died. It tries to remove each instance for 10 s. */
const SCRIPT = `
read word
[ "$word" = done ] && exit 0
for path; do echo 0 > "$path/events/enable"; echo 0 > "$path/tracing_on"; done 2>/dev/null
tries=0
while [ $tries -lt 100 ]; do
  left=0
  for path; do [ -d "$path" ] && { rmdir "$path" 2>/dev/null || left=1; }; done
  [ $left = 0 ] && exit 0
  tries=$((tries + 1))
  sleep 0.1
done
`;

export interface Watchdog {
  readonly pid: number | undefined;
  /** Ends it without it doing anything: the instances are gone. */
  dismiss(): void;
}

export function startWatchdog(instancePaths: readonly string[]): Watchdog {
  const child: ChildProcess = spawn('/bin/sh', ['-c', SCRIPT, 'lockstep-watchdog', ...instancePaths], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // A machine without /bin/sh records without a watchdog; the next start cleans up.
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  child.unref();
  return {
    pid: child.pid,
    dismiss() {
      child.stdin?.end('done\n');
    },
  };
}
