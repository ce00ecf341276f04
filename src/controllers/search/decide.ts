import type { NASSearchStatus } from '../../api/nas-search.ts';
import type { Trial } from '../../api/trial.ts';
import { durationMs } from '../../api/units.ts';
import type { Variant } from '../../api/variant.ts';
import { lossOf } from '../../core/quality/metric.ts';
import { latenciesOf } from '../../core/search/choice.ts';
import type { Evaluated } from '../../core/search/sampler.ts';
import { guidedSampler } from '../../core/search/samplers/guided.ts';
import { baseCandidate, spaceOf } from '../../core/search/space.ts';
import type { ClusterEvent } from '../../runtime/cluster/cluster.ts';
import { findCondition, setCondition } from '../../runtime/conditions.ts';
import { phasesOf } from '../shared/phases.ts';
import { baseName, trialOf, variantOf } from './children.ts';
import type { SearchSnapshot } from './gather.ts';
import { measuredOf, summarize, trialState, variantState } from './summary.ts';

export interface SearchDecision {
  status: NASSearchStatus;
  variants: Variant[];
  trials: Trial[];
  events: ClusterEvent[];
  requeueAfterMs?: number;
}

/** Where a search stands: what its condition says, and which children are to be made now. */
interface Step {
  value: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  variants?: Variant[];
  trials?: Trial[];
}

const waitMs = 5000;

const waiting = (reason: string, message: string): Step => ({ value: 'Unknown', reason, message });
const over = (value: 'True' | 'False', reason: string, message: string): Step => ({ value, reason, message });

/** The accelerators to measure on: those named, else every profile that is ready. */
function acceleratorsOf({ search, profiles }: SearchSnapshot): string[] {
  const ready = profiles.filter(({ status }) => findCondition(status?.conditions, 'Ready')?.status === 'True');
  return search.spec.accelerators ?? ready.map(({ metadata }) => metadata.name).sort();
}

function missingAccelerator({ profiles }: SearchSnapshot, accelerators: string[]): string | undefined {
  return accelerators.find((name) => !profiles.some(({ metadata }) => metadata.name === name));
}

/** What was made and measured so far, oldest first, as the sampler takes it. */
function history(snapshot: SearchSnapshot, accelerators: string[]): Evaluated[] {
  return snapshot.variants
    .toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name))
    .map((variant) => {
      const { candidate } = variant.spec;
      const all = accelerators.map((name) => measuredOf(snapshot, variant, name));
      const { quality } = variant.status ?? {};
      if (quality === undefined || all.includes(undefined)) return { candidate };
      const latencies = all.flatMap((measured) => (measured ? latenciesOf(measured) : []));
      return { candidate, objectives: [lossOf(quality), ...latencies] };
    });
}

/** The next children, for as many workers as are free: trials of what is made before new variants. */
function work(snapshot: SearchSnapshot, accelerators: string[], inTime: boolean): Pick<Step, 'variants' | 'trials'> {
  const { search, variants, trials } = snapshot;
  const { budget, seed } = search.spec;
  const busy =
    variants.filter((variant) => variantState(variant) === 'Pending').length +
    trials.filter((trial) => trialState(trial) === 'Pending').length;
  const free = Math.max(0, budget.parallelism - busy);
  const known = new Set(trials.map(({ metadata }) => metadata.name));
  const base = baseName(search);
  const newTrials = variants
    .filter((variant) => variantState(variant) === 'Succeeded')
    // The base first: it is the control of all others, and what production serves now.
    .sort((a, b) => Number(b.metadata.name === base) - Number(a.metadata.name === base))
    .flatMap(({ metadata: { name } }) =>
      accelerators.flatMap((accelerator) => phasesOf(search).map((phase) => trialOf(search, name, accelerator, phase))),
    )
    .filter(({ metadata }) => !known.has(metadata.name))
    .slice(0, inTime ? free : 0);
  const room = Math.min(free - newTrials.length, budget.maxVariants - variants.length);
  if (!inTime || room <= 0) return { trials: newTrials };
  const made = variants.find(({ metadata }) => metadata.name === base);
  const { dimensions = [], precisions } = made?.status ?? {};
  const space = spaceOf(search.spec, { dimensions, precisions });
  const proposed = guidedSampler(space, history(snapshot, accelerators), room, seed);
  return { trials: newTrials, variants: proposed.map((candidate) => variantOf(search, candidate, made)) };
}

function progress(snapshot: SearchSnapshot, accelerators: string[], nowMs: number): Step {
  const { search, variants, trials } = snapshot;
  const { budget } = search.spec;
  const base = variants.find(({ metadata }) => metadata.name === baseName(search));
  if (!base) {
    const first = variantOf(search, baseCandidate(search.spec));
    return { ...waiting('Searching', 'the base model is made and judged first'), variants: [first] };
  }
  if (variantState(base) === 'Failed') {
    const { reason = 'Failed', message = '' } = findCondition(base.status?.conditions, 'Ready') ?? {};
    return over('False', 'BaseFailed', `the base model can't be used (${reason}): ${message}`);
  }
  if (variantState(base) === 'Pending') {
    const { message = '' } = findCondition(base.status?.conditions, 'Ready') ?? {};
    return waiting('Searching', `the base model is made and judged first: ${message}`);
  }
  const inTime =
    nowMs < Date.parse(search.status?.started ?? new Date(nowMs).toISOString()) + durationMs(budget.maxDuration);
  const next = work(snapshot, accelerators, inTime);
  const pending = [
    ...variants.filter((v) => variantState(v) === 'Pending'),
    ...trials.filter((t) => trialState(t) === 'Pending'),
  ];
  const idle = pending.length === 0 && !next.trials?.length && !next.variants?.length;
  if (!idle) {
    const measured = trials.filter((trial) => trialState(trial) === 'Succeeded').length;
    const text = `${variants.length} of at most ${budget.maxVariants} variants, ${measured} trials measured`;
    return { ...waiting('Searching', text), ...next };
  }
  if (!trials.some((trial) => trialState(trial) === 'Succeeded')) {
    const { reason = '', message = '' } = findCondition(trials[0]?.status?.conditions, 'Succeeded') ?? {};
    return over('False', 'NothingMeasured', `no trial succeeded; the first failed with ${reason}: ${message}`);
  }
  return over('True', inTime ? 'Completed' : 'OutOfTime', `${variants.length} variants and ${trials.length} trials`);
}

/** The first that says something decides; the last always does. */
function stepOf(snapshot: SearchSnapshot, accelerators: string[], nowMs: number): Step {
  const { search, slas, profiles } = snapshot;
  const before = findCondition(search.status?.conditions, 'Succeeded');
  if (search.status?.finished && before) return over(before.status as 'True' | 'False', before.reason, before.message);
  if (search.spec.suspend) return waiting('Suspended', 'spec.suspend is true: nothing new is started');
  const violated = slas.some(({ status }) => status?.verdict === 'Violated');
  if (search.spec.start === 'OnViolation' && !search.status?.started && !violated) {
    return waiting('WaitingForViolation', 'it starts when a LatencySLA that names it is violated');
  }
  const missing = missingAccelerator(snapshot, accelerators);
  if (missing) {
    const have = profiles.map(({ metadata }) => metadata.name).join(', ') || 'none';
    return waiting('AcceleratorNotFound', `no node has accelerator "${missing}"; the cluster has ${have}`);
  }
  if (accelerators.length === 0) return waiting('NoHardware', 'no HardwareProfile is ready yet');
  return progress(snapshot, accelerators, nowMs);
}

/** Pure and total: the children to make and the whole status, from one snapshot. */
export function decide(snapshot: SearchSnapshot, nowMs: number): SearchDecision {
  const { search } = snapshot;
  // Those measured on stay, also when a node is away for a while.
  const accelerators = [
    ...new Set([...(search.status?.accelerators ?? []).map(({ name }) => name), ...acceleratorsOf(snapshot)]),
  ];
  const { value, reason, message, variants = [], trials = [] } = stepOf(snapshot, accelerators, nowMs);
  const at = new Date(nowMs).toISOString();
  const begun = variants.length > 0 || snapshot.variants.length > 0;
  const condition = {
    type: 'Succeeded',
    status: value,
    reason,
    message,
    observedGeneration: search.metadata.generation,
  };
  const before = findCondition(search.status?.conditions, 'Succeeded');
  const done = value !== 'Unknown';
  return {
    status: {
      ...search.status,
      observedGeneration: search.metadata.generation,
      started: search.status?.started ?? (begun ? at : undefined),
      finished: done ? (search.status?.finished ?? at) : undefined,
      ...summarize(snapshot, accelerators),
      conditions: setCondition(search.status?.conditions ?? [], condition, nowMs),
    },
    variants,
    trials,
    events: before?.reason === reason ? [] : [{ type: value === 'False' ? 'Warning' : 'Normal', reason, message }],
    requeueAfterMs: done ? undefined : waitMs,
  };
}
