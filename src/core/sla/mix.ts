import type { Demand, Finalist } from './choice.ts';
import { type Carrier, carriers, pickCarrier, rateWithin } from './headway.ts';

/** What a workload whose replicas stand on several accelerator types should serve. */
export type MixChoice =
  /** One model for all of them. */
  | { kind: 'Fits'; variant: string; finalists: ReadonlyMap<string, Finalist> }
  /** No model fits everywhere, but one does where these types are avoided; `replicas` is how many are then needed. */
  | { kind: 'SelectNodes'; variant: string; keep: string[]; avoid: string[]; replicas: number }
  | { kind: 'NoneFits' };

type ByAccelerator<T> = ReadonlyMap<string, T>;

/**
 * For each variant that was measured on all of the types: its finalist on the one where a replica carries the least.
 * What is right for these is right on every type.
 */
export function limiting(
  finalistsByAccelerator: ByAccelerator<Finalist[]>,
  types: readonly string[],
  limitMs: number,
): Finalist[] {
  const [first = [], ...others] = types.map((type) => finalistsByAccelerator.get(type) ?? []);
  return first.flatMap((finalist) => {
    const same = others.map((all) => all.find(({ variant }) => variant === finalist.variant));
    if (same.some((other) => !other)) return [];
    return [finalist, ...same.filter((other) => other !== undefined)].reduce((a, b) =>
      rateWithin(b, limitMs) < rateWithin(a, limitMs) ? b : a,
    );
  });
}

/** The variants that may be served on all of these types, with what the slowest of them carries. */
const common = (
  finalists: ByAccelerator<Finalist[]>,
  types: string[],
  demand: Omit<Demand, 'ratePerSecond'>,
): Carrier[] => carriers(limiting(finalists, types, demand.thresholdMs * (1 - demand.headroom)), demand);

/** All ways to leave some of the types out, fewest first; of two as few, the one that gives up fewer replicas. */
function subsets(types: string[], replicas: ByAccelerator<number>): string[][] {
  const lost = (avoid: string[]) => avoid.reduce((sum, type) => sum + (replicas.get(type) ?? 0), 0);
  const all = Array.from({ length: 2 ** types.length }, (_, bits) => types.filter((_, i) => (bits >> i) & 1));
  return all
    .filter((avoid) => avoid.length > 0 && avoid.length < types.length)
    .sort((a, b) => a.length - b.length || lost(a) - lost(b));
}

/** No node pool is of more types than this; beyond it, leaving types out is not tried. */
const mostTypes = 10;

/**
 * The model for a mix of replicas. One Deployment has one model and its Service gives every replica the same share of
 * the requests, so a variant must meet the threshold at `demand.ratePerSecond` a replica on every type that has
 * replicas. Where none does, the fewest types are named without which one would, and how many replicas the others need
 * for what those carried: a recommendation of node selection.
 */
export function chooseForMix(
  finalistsByAccelerator: ByAccelerator<Finalist[]>,
  replicasByAccelerator: ByAccelerator<number>,
  demand: Demand,
): MixChoice {
  const types = [...replicasByAccelerator].flatMap(([type, count]) => (count > 0 ? [type] : []));
  const picked = pickCarrier(common(finalistsByAccelerator, types, demand), demand.ratePerSecond);
  if (picked) {
    const { variant } = picked.finalist;
    const finalists = new Map(
      types.flatMap((type) => {
        const found = finalistsByAccelerator.get(type)?.find((finalist) => finalist.variant === variant);
        return found ? [[type, found] as const] : [];
      }),
    );
    return { kind: 'Fits', variant, finalists };
  }
  if (types.length > mostTypes) return { kind: 'NoneFits' };
  const all = types.reduce((sum, type) => sum + (replicasByAccelerator.get(type) ?? 0), 0);
  for (const avoid of subsets(types, replicasByAccelerator)) {
    const keep = types.filter((type) => !avoid.includes(type));
    const fitting = pickCarrier(common(finalistsByAccelerator, keep, demand), demand.ratePerSecond);
    if (fitting) {
      const replicas = Math.max(1, Math.ceil((all * demand.ratePerSecond) / fitting.withinPerSecond - 1e-9));
      return { kind: 'SelectNodes', variant: fitting.finalist.variant, keep, avoid, replicas };
    }
  }
  return { kind: 'NoneFits' };
}
