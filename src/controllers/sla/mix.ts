import { fraction } from '../../api/units.ts';
import type { Demand, Finalist } from '../../core/sla/choice.ts';
import { chooseForMix, limiting } from '../../core/sla/mix.ts';
import type { TargetSnapshot } from '../../targets/target.ts';
import type { Context } from './context.ts';
import { finalists, podsByAccelerator } from './finalists.ts';

/** What the workload may be given, as the slowest accelerator type among its replicas carries it. */
export interface Servable {
  finalists: Finalist[];
  /** Only where the replicas stand on more than one type: the advice when no variant fits all of them. */
  nodeAdvice?: (demand: Demand) => string | undefined;
}

/** Of `ofOne`, the finalists of the accelerator that the workload counts as being on, unless it is on several. */
export function servable({ snapshot, thresholdMs }: Context, target: TargetSnapshot, ofOne: Finalist[]): Servable {
  const replicas = podsByAccelerator(snapshot.profiles, target);
  const types = [...replicas.keys()];
  if (snapshot.sla.spec.accelerator || types.length < 2) return { finalists: ofOne };
  const byType = new Map(types.map((type) => [type, finalists(snapshot, type)]));
  const limitMs = thresholdMs * (1 - fraction(snapshot.sla.spec.policy.headroom));
  return {
    finalists: limiting(byType, types, limitMs),
    nodeAdvice(demand) {
      const choice = chooseForMix(byType, replicas, demand);
      if (choice.kind !== 'SelectNodes') return undefined;
      const { variant, keep, avoid, replicas: needed } = choice;
      return `no variant meets the threshold on ${types.join(', ')} alike: ${variant} would with ${needed} replicas on ${keep.join(', ')} alone; keep the workload off ${avoid.join(', ')} by node selection`;
    },
  };
}
