// SPDX-License-Identifier: MIT
// Positions and addresses to names that people know: source maps, kallsyms, ELF files, perf maps.

export { AddressTable, parseKallsyms, parsePerfMap, type NamedRange, type SymbolPlace } from './address-table.ts';
export { parseElf, type ElfSymbols } from './elf-symbols.ts';
export { createSourceMapResolver, type ReadFile, type ResolveSourcePosition } from './source-map-resolver.ts';
export { parseSourceMap, type OriginalPosition, type SourceMap } from './source-map.ts';
export { STACK_PLACES_NAME, STACK_PLACES_VERSION, StackSymbols, type StackPlaces } from './stack-symbols.ts';
