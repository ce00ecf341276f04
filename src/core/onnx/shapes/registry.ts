import { convolutions } from './families/convolution.ts';
import { elementwise } from './families/elementwise.ts';
import { generation } from './families/generation.ts';
import { indexing } from './families/indexing.ts';
import { layout } from './families/layout.ts';
import { contribNormalizations, normalizations } from './families/normalization.ts';
import { contribProducts, products } from './families/products.ts';
import { contribQuantization, quantization } from './families/quantization.ts';
import { recurrence } from './families/recurrent.ts';
import { reductions } from './families/reduction.ts';
import { resizing } from './families/resize.ts';
import type { Rule, Rules } from './value.ts';

/** Rules by domain and operator; the default domain has two spellings. */
const rules: Record<string, Rules> = {
  'ai.onnx': {
    ...elementwise,
    ...convolutions,
    ...products,
    ...layout,
    ...resizing,
    ...indexing,
    ...reductions,
    ...normalizations,
    ...quantization,
    ...generation,
    ...recurrence,
  },
  'com.microsoft': {
    ...contribProducts,
    ...contribNormalizations,
    ...contribQuantization,
    ...(convolutions.Conv && { FusedConv: convolutions.Conv }),
  },
};

export const domainOf = (domain: string | undefined): string => domain || 'ai.onnx';

/** The rule of an operator; undefined where there is none. */
export function ruleFor(domain: string | undefined, operator: string): Rule | undefined {
  const family = rules[domainOf(domain)];
  // `operator` comes from a file: only what is our own counts.
  return family && Object.hasOwn(family, operator) ? family[operator] : undefined;
}

/** The operators that shapes are known for, by domain, in order of their names. */
export function operatorsKnown(): Record<string, string[]> {
  return Object.fromEntries(Object.entries(rules).map(([domain, family]) => [domain, Object.keys(family).sort()]));
}
