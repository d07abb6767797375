// SPDX-License-Identifier: MIT
// The system calls JavaScript lacks. One typed door over a plain C Node-API addon; no policy here or
// in C. The addon is compiled by the build (packages/native/src/*.c -> dist/lockstep.node) and may
// be missing: `loadNative` then returns undefined and `nativeMissingReason` says why in one sentence.

export { loadNative, nativeMissingReason } from './load.ts';
export type { Bpf, BpfMapOptions, BpfProgramOptions, BpfRing } from './bpf.ts';
export type { Mapping, MapOptions, Native, SharedObject } from './native.ts';
