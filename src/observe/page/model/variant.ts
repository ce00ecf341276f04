import type { HardwareProfile } from '../../../api/hardware-profile.ts';
import type { NASSearch } from '../../../api/nas-search.ts';
import type { Trial } from '../../../api/trial.ts';
import type { Variant } from '../../../api/variant.ts';
import { type PartPair, pairs, partRows } from './parts.ts';
import { type ShownPoint, searchView } from './search.ts';

/** A variant on one accelerator, beside the base. */
export interface Beside {
  accelerator: string;
  point: ShownPoint;
  base?: ShownPoint;
  parts: PartPair[];
}

export interface VariantView {
  search: NASSearch;
  variant: Variant;
  on: Beside[];
}

/** A variant beside the base of its search, on each accelerator that it was measured on; undefined where there is none. */
export function variantView(
  search: NASSearch,
  { variants, trials }: { variants: readonly Variant[]; trials: readonly Trial[] },
  profiles: readonly HardwareProfile[],
  name: string,
): VariantView | undefined {
  const variant = variants.find(({ metadata }) => metadata.name === name);
  if (!variant) return undefined;
  const base = variants.find(({ metadata }) => metadata.name === search.status?.base);
  // A bounded list of points may lack this one: only it and the base matter here.
  const both = [variant, ...(base && base !== variant ? [base] : [])];
  const ofBoth = trials.filter(({ spec }) => both.some(({ metadata }) => metadata.name === spec.variantRef.name));
  const all = searchView(search, variants, trials);
  const view = searchView(search, both, ofBoth);
  const on = view.accelerators.flatMap(({ status, points }): Beside[] => {
    const found = points.find((one) => one.variant === name);
    if (!found) return [];
    const known = all.accelerators.find((one) => one.status.name === status.name)?.points;
    const point = known?.find((one) => one.variant === name) ?? found;
    const beside = points.find((one) => one.base);
    const abilities = profiles.find(({ metadata }) => metadata.name === status.name)?.status?.abilities;
    // What runs on this accelerator where it was measured there, else what the graph says.
    const rows = (of: Variant | undefined, measured: ShownPoint | undefined) =>
      partRows(measured?.trial.status?.work?.parts ?? of?.status?.parts ?? [], abilities);
    return [
      {
        ...{ accelerator: status.name, point, base: beside },
        parts: pairs(rows(base, beside), rows(variant, point)),
      },
    ];
  });
  return { search, variant, on };
}
