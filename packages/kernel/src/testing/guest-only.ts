// SPDX-License-Identifier: MIT
// Why a test that takes CPUs away, unmounts tracefs or fills disks cannot run, or false: only in the
// virtual machine that was made for it (test/qemu), never on the machine of who runs the tests.

import { SKIP_WITHOUT_TRACEFS } from './tracefs-or-skip.ts';

export const SKIP_OUTSIDE_GUEST: string | false =
  process.env.LOCKSTEP_TEST_GUEST === '1'
    ? SKIP_WITHOUT_TRACEFS
    : 'It would disturb this machine; test/qemu runs it in a virtual one.';
