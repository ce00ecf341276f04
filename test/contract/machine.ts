import { setTimeout as sleep } from 'node:timers/promises';
import type { RolloutStatus } from '../../src/api/latency-sla.ts';
import { advance, type Comparison, type RolloutAction, type RolloutOutcome } from '../../src/core/rollout/canary.ts';
import type { RolloutTarget, TargetSnapshot } from '../../src/targets/target.ts';

function act(target: RolloutTarget, rollout: RolloutStatus, action: RolloutAction): Promise<void> {
  if (action.kind === 'SetModel') return target.setModel(action.uri);
  if (action.kind === 'SetWeight') return target.setWeight(action.percent);
  return action.kind === 'RemoveCanary' ? target.removeCanary(rollout) : target.ensureCanary(rollout.modelUri);
}

export interface Driven {
  outcome: RolloutOutcome;
  rollout: RolloutStatus;
  /** What the target showed, each time before it was acted upon. */
  seen: TargetSnapshot[];
}

export interface Driving {
  /** What the comparison says of what the target shows. */
  compare(seen: TargetSnapshot): Promise<Comparison>;
  /** Lets time pass, and whoever else there is act; the time then. */
  pass(rollout: RolloutStatus): Promise<number>;
  /** What all of the load says of what was promoted. */
  proof?: Comparison;
  looks: number;
  steps?: number[];
}

const nothingYet: Comparison = { verdict: 'CannotTell', evidence: 'nothing is compared yet' };
const fine: Comparison = { verdict: 'Pass', evidence: 'as measured' };

/** Half a second of real time between looks. */
export async function halfASecond(): Promise<number> {
  await sleep(500);
  return Date.now();
}

/** One rollout by the canary machine, with what the comparison says given, as the SLA's controller drives it. */
export async function drive(
  target: RolloutTarget,
  models: { modelUri: string; previousUri: string },
  { compare, pass, looks, steps, proof = fine }: Driving,
): Promise<Driven> {
  const at = new Date().toISOString();
  const digest = `sha256:${'0'.repeat(64)}`;
  let rollout: RolloutStatus = { ...models, variant: 'v', digest, step: 'Starting', started: at, stepSince: at };
  const seen: TargetSnapshot[] = [];
  for (let look = 0; look < looks; look++) {
    const nowMs = await pass(rollout);
    const found = await target.observe(rollout);
    if (found) seen.push(found);
    const decision = advance({
      ...{ rollout, inPlace: found?.inPlace, weight: found?.weight, steps, timeoutMs: 60_000, nowMs },
      ...{ stable: found?.tracks.stable, canary: found?.tracks.canary, baseline: found?.tracks.baseline },
      comparison: found && rollout.step === 'Comparing' ? await compare(found) : nothingYet,
      proof: rollout.step === 'Proving' ? proof : undefined,
    });
    rollout = decision.rollout;
    if (decision.outcome) return { outcome: decision.outcome, rollout, seen };
    for (const action of decision.actions) {
      // Someone else wrote in between: the next look decides again.
      await act(target, rollout, action).catch((error: Error & { reason?: string }) => {
        if (error.reason !== 'Conflict') throw error;
      });
    }
  }
  throw new Error(`the rollout did not end: ${JSON.stringify(rollout)}, ${JSON.stringify(seen.at(-1)?.tracks)}`);
}
