// SPDX-License-Identifier: MIT
// Nominal types for numbers that get confused: a Cycles never passes for a Nanoseconds.

declare const brand: unique symbol;

/** A `T` that only an explicit cast or a constructor function makes. Erased at run time. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Nanoseconds since a clock's origin. */
export type Nanoseconds = Brand<bigint, 'Nanoseconds'>;
/** A reading of a clock, in its own cycles. */
export type Cycles = Brand<bigint, 'Cycles'>;
/** Logical number of a CPU, as the kernel counts. */
export type CpuId = Brand<number, 'CpuId'>;
