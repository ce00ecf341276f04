import type { Variant } from '../../api/variant.ts';

export const byName = (a: Variant, b: Variant) => a.metadata.name.localeCompare(b.metadata.name);
/** Oldest first; those of one second by name. */
export const byAge = (a: Variant, b: Variant) =>
  (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') || byName(a, b);
