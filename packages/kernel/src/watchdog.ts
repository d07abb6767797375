// SPDX-License-Identifier: MIT
// A tiny process that turns our events off and removes our instances: when told to, so that nobody
// waits for the kernel's tenths of a second, and when the pipe that it reads ends because we died.
// Events that stay enabled in an abandoned instance slow every program of the machine by a fifth, so
// "the next start cleans up" is not enough. Its own session: Ctrl-C and a hang-up pass it by.

import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tryWriteTracefs } from './tracefs.ts';

/**
 * $1 is the group of our probes, $2 where the kernel has its RCU switches, $3 whether grace periods are
 * expedited already, the rest the instances, relative to tracefs, which it stands in: that
 * stays within reach when it is unmounted. After the word `made` (the instances are there) it holds free_buffer
 * of each open: with disable_on_free the kernel itself stops recording when this process is killed, too.
 * After `done`, or the end of the file, it takes everything down; it tries to remove each instance
 * for 10 s, and each probe as long as an instance may still use it.
 *
 * From its start to `made`, and from `ending` to its own end, the kernel's grace periods are expedited
 * (Documentation/RCU, rcu_expedited): setting up and removing an instance waits for some ten of them, 4 to 15 ms
 * each otherwise. Not where the administrator chose either way; and set back by whoever outlives the recorder.
 */
const SCRIPT = `
group=$1
rcu=$2
expedited=$3
shift 3
expedite() {
  [ $expedited = 0 ] && read -r normal < $rcu/rcu_normal && read -r now < $rcu/rcu_expedited &&
    [ $normal$now = 00 ] && echo 1 > $rcu/rcu_expedited && expedited=1
} 2>/dev/null
relax() {
  [ $expedited = 1 ] && echo 0 > $rcu/rcu_expedited
  expedited=0
} 2>/dev/null
trap relax EXIT
trap exit TERM
while read -r word; do
  case $word in
  (made)
    relax
    fd=3
    for path; do [ $fd -le 9 ] && [ -w "$path/free_buffer" ] && eval "exec $fd>\\"\\$path/free_buffer\\"" && fd=$((fd + 1)); done
    ;;
  (ending) expedite ;;
  (done) break ;;
  esac
done 2>/dev/null
expedite
for path; do echo 0 > "$path/tracing_on"; echo 0 > "$path/events/enable"; done 2>/dev/null
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
tries=0
while [ $tries -lt 100 ]; do
  left=0
  for path; do [ -d "$path" ] && { rmdir "$path" 2>/dev/null || left=1; }; done
  for list in dynamic_events kprobe_events uprobe_events; do
    [ -r $list ] || continue
    while read -r name rest; do
      case $name in *:"$group"/*) { echo "-:\${name#*:}" >> $list; } 2>/dev/null || left=1;; esac
    done << END
$(cat $list)
END
  done
  [ $left = 0 ] && exit 0
  relax
  tries=$((tries + 1))
  sleep 0.1
done
`;

export interface Watchdog {
  /** False when it could not be started or has ended: then nobody but us cleans up. */
  readonly isAlive: boolean;
  /** The instances are there. */
  arm(): void;
  /** The recording ends: what the kernel has to wait for goes faster from now on. */
  hurry(): void;
  /** Takes the instances down, soon. */
  finish(): void;
}

/** The instances need not be there yet. */
export function startWatchdog(
  tracefs: string,
  probeGroup: string,
  instanceNames: readonly string[],
  rcuDirectory = '/sys/kernel',
): Watchdog {
  const isExpedited = mayExpedite(rcuDirectory);
  const paths = instanceNames.map((name) => `instances/${name}`);
  const child: ChildProcess = spawn(
    '/bin/sh',
    ['-c', SCRIPT, 'lockstep-watchdog', probeGroup, rcuDirectory, isExpedited ? '1' : '0', ...paths],
    {
      detached: true,
      cwd: tracefs,
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  let isAlive = child.pid !== undefined;
  // By now somebody is there who sets it back; and the first instance waits for the shell no longer.
  if (isExpedited && isAlive) tryWriteTracefs(`${rcuDirectory}/rcu_expedited`, '1');
  // A machine without /bin/sh records without a watchdog; the next start cleans up.
  child.on('error', () => (isAlive = false));
  child.on('exit', () => (isAlive = false));
  child.stdin?.on('error', () => {});
  (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  child.unref();
  return {
    get isAlive() {
      return isAlive;
    },
    arm() {
      child.stdin?.write('made\n');
    },
    hurry() {
      child.stdin?.write('ending\n');
    },
    finish() {
      child.stdin?.end('done\n');
    },
  };
}

/** Neither was chosen by the administrator, nor are they expedited already. */
function mayExpedite(rcuDirectory: string): boolean {
  try {
    return ['rcu_normal', 'rcu_expedited'].every(
      (name) => Number(readFileSync(`${rcuDirectory}/${name}`, 'utf8')) === 0,
    );
  } catch {
    return false;
  }
}
