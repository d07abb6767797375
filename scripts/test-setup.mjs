// SPDX-License-Identifier: MIT
// Loaded before each test file: property tests draw the same cases in every run, so that a run which fails fails
// again. `npm test -- --random` draws others.

import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.LOCKSTEP_TEST_SEED ?? 1) });
