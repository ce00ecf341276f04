/** Why a model is searched anew though a search of it has ended. */
export type Trigger = 'NoVariantFits' | 'DriftConfirmed' | 'ModelChanged' | 'Scheduled';

/** What is known when it is asked whether to search again. */
export interface RetuneState {
  /** Why nothing is rolled out, in one word of the SLA's; `NoVariantFits` where every finalist misses the threshold. */
  hold?: string;
  /** Since when production takes longer than the active variant was measured to, confirmed by the drift detector. */
  driftSince?: string;
  /** The image of the workload now, and what it was when variants were last searched. */
  model?: { now: string; searched: string };
  /** The base model: where it lies, what it is now, and what it was when variants were last searched. */
  base?: { uri: string; now: string; searched: string };
  /** A moment of the schedule that has passed since a search was last started. */
  scheduled?: string;
  /** A search that this SLA named or started has not ended yet. */
  searching: boolean;
  /** The last search that this SLA started. */
  last?: { trigger: Trigger; started: string; thresholdMs: number };
  thresholdMs: number;
}

export interface RetunePolicy {
  triggers: readonly Trigger[];
  /** Rest after one search before the next is started. */
  cooldownMs: number;
}

export interface Retune {
  trigger: Trigger;
  /** The evidence, for condition and event. */
  message: string;
}

type Check = (state: RetuneState) => Retune | undefined;

/** The same constraint is not searched twice: the search that missed it would miss it again. */
const noVariantFits: Check = ({ hold, last, thresholdMs }) =>
  hold === 'NoVariantFits' && !(last?.trigger === 'NoVariantFits' && last.thresholdMs <= thresholdMs)
    ? { trigger: 'NoVariantFits', message: `no measured variant meets ${thresholdMs} ms: one is searched that does` }
    : undefined;

const modelChanged: Check = ({ model }) =>
  model && model.now !== model.searched
    ? { trigger: 'ModelChanged', message: `${model.now} is served, and ${model.searched} was searched` }
    : undefined;

const baseChanged: Check = ({ base }) =>
  base && base.now !== base.searched
    ? { trigger: 'ModelChanged', message: `${base.uri} is ${base.now}, and ${base.searched} was searched` }
    : undefined;

const driftConfirmed: Check = ({ driftSince, last }) =>
  driftSince !== undefined && !(last !== undefined && last.started >= driftSince)
    ? {
        trigger: 'DriftConfirmed',
        message: `production has been slower than measured since ${driftSince}: variants are measured anew`,
      }
    : undefined;

const scheduled: Check = (state) =>
  state.scheduled !== undefined && !(state.last !== undefined && state.last.started >= state.scheduled)
    ? { trigger: 'Scheduled', message: `the schedule asks for a search at ${state.scheduled}` }
    : undefined;

const checks: Check[] = [
  modelChanged, // whatever was measured is of another model
  baseChanged,
  noVariantFits, // users wait for it
  driftConfirmed,
  scheduled,
];

/**
 * Whether to search again, and why: the first trigger that is allowed and has a reason. One search at a time, with a rest
 * between two. Times are RFC 3339 in UTC and compare as text.
 */
export function retuneReason(state: RetuneState, { triggers, cooldownMs }: RetunePolicy, nowMs: number) {
  if (state.searching) return undefined;
  if (state.last && nowMs - Date.parse(state.last.started) < cooldownMs) return undefined;
  const found = checks.flatMap((check) => check(state) ?? []);
  return found.find(({ trigger }) => triggers.includes(trigger));
}
