import type { Trial } from '../../api/trial.ts';
import type { Variant } from '../../api/variant.ts';
import {
  type Accelerator,
  acceleratorsOf,
  trialsOn,
  uselessOn,
  wholeSpace,
} from '../../controllers/search/accelerators.ts';
import { baseName } from '../../controllers/search/children.ts';
import type { SearchSnapshot } from '../../controllers/search/gather.ts';
import { measuredOf, trialState, variantState } from '../../controllers/search/measured.ts';
import { outlookOn } from '../../controllers/search/outlook.ts';
import { figureCost } from '../../core/hardware/figures.ts';
import { isOfUse } from '../../core/hardware/narrowing.ts';
import { lossOf, showValue } from '../../core/quality/metric.ts';
import { latenciesOf, type Measured } from '../../core/search/choice.ts';
import { dominates } from '../../core/search/pareto.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { ms } from '../show/figures.ts';
import { figureMisses, limitsOf, limitsPhrase, misses } from './limits.ts';
import type { Explanation, Reason } from './reason.ts';

/** What a front is of: the latency of each phase, the quality that is lost, and the figures that are objectives. */
const pointOf = (one: Measured): number[] => [
  ...latenciesOf(one),
  lossOf(one.quality),
  ...(one.figures ?? [])
    .filter(({ objective }) => objective)
    .map(({ name, value }) => (value === undefined ? Number.POSITIVE_INFINITY : figureCost(name, value))),
];

const same = (a: readonly number[], b: readonly number[]) => a.every((value, i) => value === b[i]);

const portrait = ({ latencyMs, quality: { metric, value } }: Measured, percentile: string) =>
  `${percentile} ${ms(latencyMs)} ms, ${showValue(metric, value)} ${metric}`;

const mostNamed = 3;

/** A variant that was measured there: on the front or behind whom, recommended or why not. */
function judged(snapshot: SearchSnapshot, accelerator: Accelerator, one: Measured): Reason {
  const { search, variants } = snapshot;
  const limits = limitsOf(snapshot);
  const status = search.status?.accelerators?.find(({ name }) => name === accelerator.name);
  const all = variants.flatMap((variant) => measuredOf(snapshot, variant, accelerator) ?? []);
  const its = portrait(one, limits.percentile);
  const broken = misses(one, limits);
  if (status?.recommended === one.variant) {
    const rule = limits.thresholdMs === undefined ? 'the fastest' : 'the most accurate';
    const within = limitsPhrase(search, limits);
    return {
      verdict: 'Recommended',
      tone: 'good',
      because: [its, `${rule} on the front${within ? ` that keeps the limits: ${within}` : ''}`],
    };
  }
  // What breaks the limit of a figure stands on no front, unless there is nothing else.
  const beyond = figureMisses(one);
  if (beyond.length > 0 && all.some((other) => figureMisses(other).length === 0)) {
    return { verdict: 'BeyondLimit', tone: 'warn', because: [its, ...broken] };
  }
  const point = pointOf(one);
  const before = all.filter((other) => dominates(pointOf(other), point));
  const stands = ({ variant }: Measured) => status?.front.some((each) => each.variant === variant) ?? false;
  const onFront = before.filter(stands);
  if (before.length > 0) {
    const named = (onFront.length > 0 ? onFront : before).slice(0, mostNamed);
    const more = before.length - named.length;
    const by = named.map((other) => `${other.variant} (${portrait(other, limits.percentile)})`).join(', ');
    const rest = more > 0 ? ` and ${more} more` : '';
    return {
      verdict: 'Dominated',
      because: [
        its,
        `dominated by ${by}${rest}: nowhere worse, and better somewhere`,
        ...broken.map((miss) => `not recommended either: ${miss}`),
      ],
    };
  }
  const twin = all.find((other) => other.variant !== one.variant && same(pointOf(other), point) && stands(other));
  // Of equal points a front holds the first.
  if (twin && !stands(one)) {
    return {
      verdict: 'Equal',
      because: [its, `${twin.variant}, which is on the front, is equal to it in all that counts`],
    };
  }
  const preferred = status?.recommended;
  const kept =
    preferred === undefined
      ? (status?.message ?? 'none is recommended')
      : limits.thresholdMs === undefined
        ? `it keeps all limits, and ${preferred}, which is recommended, is faster`
        : `it keeps all limits, and ${preferred}, which is recommended, is at least as accurate and keeps them too`;
  return {
    ...{ verdict: 'OnTheFront', tone: broken.length > 0 ? 'warn' : 'good' },
    because: [its, ...(broken.length > 0 ? broken.map((miss) => `not recommended: ${miss}`) : [kept])],
  };
}

function unmeasured(trial: Trial): Reason {
  const { reason = '', message = '' } = findCondition(trial.status?.conditions, 'Succeeded') ?? {};
  const { name } = trial.metadata;
  if (trialState(trial) === 'Failed') {
    return {
      verdict: 'TrialFailed',
      tone: 'bad',
      because: [`${reason}: ${message}`, `try it again with: retune retry tr/${name}`],
    };
  }
  if (trial.status?.stoppedEarly) {
    return {
      verdict: 'StoppedEarly',
      because: [`it was certain to be slower than the base, and is no more accurate: ${message}`],
    };
  }
  return { verdict: 'BeingMeasured', because: [reason ? `${reason}: ${message}` : `Trial ${name} waits`] };
}

/** A variant without a trial there: skipped by a forecast, of no use, or not reached. */
function untried(snapshot: SearchSnapshot, accelerator: Accelerator, variant: Variant): Reason {
  const { search } = snapshot;
  const { name } = variant.metadata;
  const { skipped, expected } = outlookOn(snapshot, accelerator);
  const forecast = skipped.get(name);
  const { percentile } = limitsOf(snapshot);
  if (forecast) {
    const loss = variant.status?.quality ? lossOf(variant.status.quality) : 0;
    const better = snapshot.variants
      .flatMap((other) => measuredOf(snapshot, other, accelerator) ?? [])
      .filter((other) => lossOf(other.quality) <= loss && other.latencyMs <= forecast.lowMs)
      .map((other) => `${other.variant} (${portrait(other, percentile)})`);
    const text = `${percentile} is forecast at ${ms(forecast.ms)} ms, with 90% certainty between ${ms(forecast.lowMs)} and ${ms(forecast.highMs)}`;
    return {
      verdict: 'NotWorthMeasuring',
      because: [`${text}: ${better.slice(0, mostNamed).join(', ')} is at least as accurate and faster`],
    };
  }
  const useless = uselessOn(snapshot, accelerator);
  if (!isOfUse(variant.spec.candidate, wholeSpace(snapshot), useless)) {
    return { verdict: 'OfNoUse', because: useless.map(({ choice, reason }) => `without ${choice}: ${reason}`) };
  }
  const likely = expected.get(name);
  const forecastText =
    likely && Number.isFinite(likely.highMs) ? [`${percentile} is forecast at ${ms(likely.ms)} ms`] : [];
  const tried = new Set(trialsOn(snapshot, accelerator).map(({ spec }) => spec.variantRef.name)).size;
  const { maxVariants } = search.spec.budget;
  if (!accelerator.finished) return { verdict: 'NotYetMeasured', because: ['its turn has not come', ...forecastText] };
  const why =
    tried >= maxVariants
      ? `${tried} variants were measured there, all that spec.budget.maxVariants allows`
      : `the search ended there before its turn came: retune explain nas/${search.metadata.name} says why`;
  return { verdict: 'NotMeasured', because: [why, ...forecastText] };
}

/** Why a variant is on the front or not, and recommended or not, on each accelerator of its search. */
export function explainVariant(snapshot: SearchSnapshot, variant: Variant): Explanation {
  const { name } = variant.metadata;
  const about = `Variant ${name} of NASSearch ${snapshot.search.metadata.name}${name === baseName(snapshot.search) ? ', the base model' : ''}`;
  const { reason = 'Waiting', message = 'it has not been started' } =
    findCondition(variant.status?.conditions, 'Ready') ?? {};
  const state = variantState(variant);
  if (state !== 'Succeeded') {
    const failed = state === 'Failed';
    const again = failed ? [`try it again with: retune retry var/${name}`] : [];
    return {
      about,
      reasons: [
        {
          verdict: failed ? 'NotMade' : 'BeingMade',
          tone: failed ? 'bad' : undefined,
          because: [`${reason}: ${message}`, ...again],
        },
      ],
    };
  }
  const accelerators = acceleratorsOf(snapshot);
  const here = accelerators.map((accelerator) => {
    const one = measuredOf(snapshot, variant, accelerator);
    const trials = trialsOn(snapshot, accelerator).filter(({ spec }) => spec.variantRef.name === name);
    const open = trials.find((trial) => trialState(trial) !== 'Succeeded' || trial.status?.stoppedEarly) ?? trials[0];
    const found = one
      ? judged(snapshot, accelerator, one)
      : open
        ? unmeasured(open)
        : untried(snapshot, accelerator, variant);
    return { where: accelerator.name, ...found };
  });
  const made: Reason = { verdict: 'Made', tone: 'good', because: [message] };
  return { about, reasons: [made, ...here] };
}
