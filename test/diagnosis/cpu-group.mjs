// SPDX-License-Identifier: MIT
// A control group with a CPU quota, of version 1 or 2, whichever this machine has.

import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PERIOD_US = 100_000;

/** Options for `record` that put the program into a group with `share` of a CPU; `missing` says why there is none. */
export function limitCpu(after, share) {
  const quotaUs = Math.round(PERIOD_US * share);
  const parent = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup'].find((each) => existsSync(join(each, 'cgroup.procs')));
  if (parent === undefined) return { missing: 'needs control groups at /sys/fs/cgroup' };
  const group = join(parent, `lockstep-test-${process.pid}`);
  try {
    mkdirSync(group);
    after(() => rmdirSync(group));
    if (existsSync(join(group, 'cpu.cfs_quota_us'))) {
      writeFileSync(join(group, 'cpu.cfs_period_us'), String(PERIOD_US));
      writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quotaUs));
    } else {
      writeFileSync(join(parent, 'cgroup.subtree_control'), '+cpu');
      writeFileSync(join(group, 'cpu.max'), `${quotaUs} ${PERIOD_US}`);
    }
  } catch (error) {
    return { missing: `no group with a CPU quota can be made: ${error.message}` };
  }
  return { prefix: ['sh', '-c', `echo $$ > ${group}/cgroup.procs && exec "$@"`, 'sh'] };
}
