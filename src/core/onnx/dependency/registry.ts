import { domainOf } from '../shapes/registry.ts';
import type { DependencyRule, DependencyRules } from './operation.ts';
import { convolutions } from './rules/convolution.ts';
import { contribElementwise, elementwise } from './rules/elementwise.ts';
import { layout } from './rules/layout.ts';
import { normalizations } from './rules/normalization.ts';
import { products } from './rules/products.ts';

const rules: Record<string, DependencyRules> = {
  'ai.onnx': { ...elementwise, ...convolutions, ...products, ...normalizations, ...layout },
  'com.microsoft': contribElementwise,
};

/** What an operator says of its axes; undefined where that is not known. */
export function dependencyRuleFor(domain: string | undefined, operator: string): DependencyRule | undefined {
  const family = rules[domainOf(domain)];
  return family && Object.hasOwn(family, operator) ? family[operator] : undefined;
}

/** The operators through which channels are followed, by domain, in order of their names. */
export function operatorsFollowed(): Record<string, string[]> {
  return Object.fromEntries(Object.entries(rules).map(([domain, family]) => [domain, Object.keys(family).sort()]));
}
