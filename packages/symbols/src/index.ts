// SPDX-License-Identifier: MIT
// Positions and addresses to names that people know. Source maps first; ELF, BTF and kallsyms follow.

export { createSourceMapResolver, type ReadFile, type ResolveSourcePosition } from './source-map-resolver.ts';
export { parseSourceMap, type OriginalPosition, type SourceMap } from './source-map.ts';
