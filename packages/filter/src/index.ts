// SPDX-License-Identifier: MIT
// Event rules and LTTng's filter language: parse, check, compile.
export { describeField, type FieldNode, type Filter, type FilterNode } from './ast.ts';
export { checkFilter, type CheckedFilter } from './check.ts';
export {
  compileToJavaScript,
  type CompiledFilter,
  type CompiledObjectFilter,
  type CompiledPositionalFilter,
  type FilterLayout,
} from './compile.ts';
export type { FilterFields, FilterFieldType, FilterScopes } from './field-types.ts';
export { compileGlob, escapeGlob, isGlob } from './glob.ts';
export { interpretFilter, type FilterValues } from './interpret.ts';
export { compileToKernelFilter, type KernelField, type KernelFieldResolver } from './kernel-filter.ts';
export { isInLogLevelRange, parseLogLevel, type LogLevelRange } from './log-level.ts';
export { parseFilter } from './parser.ts';
export { parseRule, type Rule, type RuleDomain, type RuleKind } from './rule.ts';
export { createRuleIndex, type MatchableRule, type RuleIndex } from './rule-index.ts';
