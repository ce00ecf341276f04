import type { NASSearchStatus } from '../../api/nas-search.ts';
import type { Trial } from '../../api/trial.ts';
import { durationMs } from '../../api/units.ts';
import type { Variant } from '../../api/variant.ts';
import { baseCandidate } from '../../core/search/space.ts';
import type { ClusterEvent } from '../../runtime/cluster/cluster.ts';
import { findCondition, setCondition } from '../../runtime/conditions.ts';
import { type Accelerator, acceleratorsOf, baseOf, missing, refused } from './accelerators.ts';
import { variantOf } from './children.ts';
import type { SearchSnapshot } from './gather.ts';
import { trialState, variantState } from './measured.ts';
import { lookAtModel, type ModelLook } from './model-check.ts';
import { nextChildren } from './next.ts';
import { type Outlook, outlookOn } from './outlook.ts';
import { summarize } from './summary.ts';

export interface SearchDecision {
  status: NASSearchStatus;
  variants: Variant[];
  trials: Trial[];
  /** What is to become of the pod that looks at the base model. */
  look?: ModelLook['pod'];
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

type Outlooks = ReadonlyMap<string, Outlook>;

function progress(snapshot: SearchSnapshot, open: readonly Accelerator[], outlooks: Outlooks, nowMs: number): Step {
  const { search, variants, trials } = snapshot;
  const { budget } = search.spec;
  const base = baseOf(snapshot);
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
  const inTime = open.filter(({ started }) => !started || nowMs < Date.parse(started) + durationMs(budget.maxDuration));
  const changed = modelChanged(snapshot);
  // What was measured before holds where the search had ended once, and goes on on other hardware.
  if (changed && !search.status?.accelerators?.some(({ finished }) => finished)) {
    return over('False', 'ModelChanged', `${changed}; ${afterChange}`);
  }
  const { trials: nextTrials, variants: nextVariants } = nextChildren(snapshot, inTime, outlooks);
  const next = { trials: nextTrials, variants: changed ? [] : nextVariants };
  const pending = [
    ...variants.filter((v) => variantState(v) === 'Pending'),
    ...trials.filter((t) => trialState(t) === 'Pending'),
  ];
  if (pending.length > 0 || next.trials.length > 0 || next.variants.length > 0) {
    const measured = trials.filter((trial) => trialState(trial) === 'Succeeded').length;
    const most = `at most ${budget.maxVariants} on each of ${open.length === 1 ? 'one accelerator' : `${open.length} accelerators`}`;
    const text = `${variants.length} variants, ${measured} trials measured, ${most}`;
    return { ...waiting('Searching', text), ...next };
  }
  if (!trials.some((trial) => trialState(trial) === 'Succeeded')) {
    const { reason, message = '' } = findCondition(trials[0]?.status?.conditions, 'Succeeded') ?? {};
    const why = reason ? `the first failed with ${reason}: ${message}` : 'the time was up before the first was started';
    return over('False', 'NothingMeasured', `no trial succeeded; ${why}`);
  }
  const [absent, shared] = [missing(snapshot), refused(snapshot)];
  const later = absent.length > 0 ? `; ${absent.join(', ')} will be searched when there is a node of it` : '';
  const left = shared.length > 0 ? `; not on ${shared.join(', ')}: ${whyRefused}` : '';
  const inAll = inTime.length === open.length;
  const none = changed ? `; no more are made: ${changed}` : '';
  return over(
    'True',
    inAll ? 'Completed' : 'OutOfTime',
    `${variants.length} variants and ${trials.length} trials${later}${left}${none}`,
  );
}

const afterChange =
  'put the file back that it was and run retune retry, or make a new NASSearch: results of two models are no front';

/** That a worker found another model than the base variant was made of, in its words. */
function modelChanged({ variants }: SearchSnapshot): string | undefined {
  const ready = variants.flatMap(({ status }) => findCondition(status?.conditions, 'Ready') ?? []);
  return ready.find(({ status, reason }) => status === 'False' && reason === 'ModelChanged')?.message;
}

const whyRefused =
  'its p99 would be that of whoever else is there; set spec.latency.percentile to P50 or P90, or give its nodes whole devices';

/** The first that says something decides; the last always does. */
function stepOf(
  snapshot: SearchSnapshot,
  accelerators: readonly Accelerator[],
  outlooks: Outlooks,
  nowMs: number,
): Step {
  const { search, slas, profiles } = snapshot;
  const before = findCondition(search.status?.conditions, 'Succeeded');
  const open = accelerators.filter(({ finished }) => !finished);
  if (search.status?.finished && before && open.length === 0) {
    return over(before.status as 'True' | 'False', before.reason, before.message);
  }
  if (search.spec.suspend) return waiting('Suspended', 'spec.suspend is true: nothing new is started');
  const violated = slas.some(({ status }) => status?.verdict === 'Violated');
  if (search.spec.start === 'OnViolation' && !search.status?.started && !violated) {
    return waiting('WaitingForViolation', 'it starts when a LatencySLA that names it is violated');
  }
  if (accelerators.length > 0) return progress(snapshot, open, outlooks, nowMs);
  const [absent] = missing(snapshot);
  const [shared] = refused(snapshot);
  if (shared) return waiting('SharedHardware', `the devices of ${shared} are shared: ${whyRefused}`);
  if (absent) {
    const have = profiles.map(({ metadata }) => metadata.name).join(', ') || 'none';
    return waiting('AcceleratorNotFound', `no node has accelerator "${absent}"; the cluster has ${have}`);
  }
  const ready = profiles.filter(({ status }) => findCondition(status?.conditions, 'Ready')?.status === 'True');
  if (ready.length === 0) return waiting('NoHardware', 'no HardwareProfile is ready yet');
  return waiting(
    'Probing',
    `what ${ready.map(({ metadata }) => metadata.name).join(' and ')} can do is measured first`,
  );
}

/** Pure and total: the children to make and the whole status, from one snapshot. */
export function decide(snapshot: SearchSnapshot, nowMs: number): SearchDecision {
  const { search } = snapshot;
  const accelerators = acceleratorsOf(snapshot);
  const outlooks = new Map(accelerators.map((one) => [one.name, outlookOn(snapshot, one)]));
  const { value, reason, message, variants = [], trials = [] } = stepOf(snapshot, accelerators, outlooks, nowMs);
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
  const seen = accelerators.map((one): Accelerator => {
    const started = one.started ?? (begun ? at : undefined);
    return { ...one, started, finished: done ? (one.finished ?? at) : one.finished };
  });
  const looked = lookAtModel(
    snapshot,
    {
      ...search.status,
      observedGeneration: search.metadata.generation,
      started: search.status?.started ?? (begun ? at : undefined),
      finished: done ? (search.status?.finished ?? at) : undefined,
      ...summarize(snapshot, seen, outlooks),
      conditions: setCondition(search.status?.conditions ?? [], condition, nowMs),
    },
    nowMs,
  );
  const told: ClusterEvent[] =
    before?.reason === reason ? [] : [{ type: value === 'False' ? 'Warning' : 'Normal', reason, message }];
  return {
    status: looked.status,
    variants,
    trials,
    look: looked.pod,
    events: [...told, ...looked.events],
    requeueAfterMs: done ? looked.requeueAfterMs : waitMs,
  };
}
