import type { AcceleratorStatus, NASSearchStatus } from '../../api/nas-search.ts';
import { durationMs } from '../../api/units.ts';
import { outcome } from '../../core/search/choice.ts';
import { type Accelerator, baseOf, uselessOn } from './accelerators.ts';
import { baseName } from './children.ts';
import type { SearchSnapshot } from './gather.ts';
import { qualityLimit } from './limits.ts';
import { measuredOf, type State, trialState, variantState } from './measured.ts';
import type { Outlook } from './outlook.ts';

/** Longer reasons than a status may hold are cut. */
const longestReason = 256;

function acceleratorStatus(
  snapshot: SearchSnapshot,
  accelerator: Accelerator,
  outlook: Outlook | undefined,
): AcceleratorStatus {
  const { search, variants } = snapshot;
  const measured = variants.flatMap((variant) => measuredOf(snapshot, variant, accelerator) ?? []);
  const threshold = search.spec.workload.phases?.[0]?.threshold ?? search.spec.latency.threshold;
  const limits = { quality: qualityLimit(snapshot), thresholdMs: threshold ? durationMs(threshold) : undefined };
  const { front, recommended, message, hypervolume } = outcome(measured, limits, baseName(search));
  const useless = uselessOn(snapshot, accelerator).map(({ choice, reason }) => {
    return { choice, reason: reason.slice(0, longestReason) };
  });
  const { metric } = search.spec.quality;
  return {
    ...accelerator,
    ...(useless.length > 0 && { narrowed: useless }),
    ...{ trials: measured.length, skipped: outlook?.skipped.size || undefined },
    ...{ metric, front, recommended, message, hypervolume },
  };
}

/** Counts and fronts, made anew from the children each time. */
export function summarize(
  snapshot: SearchSnapshot,
  accelerators: readonly Accelerator[],
  outlooks: ReadonlyMap<string, Outlook>,
): Partial<NASSearchStatus> {
  const { variants, trials } = snapshot;
  const count = <T>(all: T[], state: (one: T) => State, wanted: State) =>
    all.filter((one) => state(one) === wanted).length;
  const running = trials.filter((trial) => trialState(trial) === 'Pending' && trial.status?.pod !== undefined).length;
  return {
    base: baseOf(snapshot)?.metadata.name,
    modelDigest: baseOf(snapshot)?.status?.modelDigest,
    variants: {
      ready: count(variants, variantState, 'Succeeded'),
      failed: count(variants, variantState, 'Failed'),
      pending: count(variants, variantState, 'Pending'),
    },
    trials: {
      succeeded: count(trials, trialState, 'Succeeded'),
      failed: count(trials, trialState, 'Failed'),
      running,
      pending: count(trials, trialState, 'Pending') - running,
    },
    accelerators: accelerators.map((accelerator) =>
      acceleratorStatus(snapshot, accelerator, outlooks.get(accelerator.name)),
    ),
  };
}
