import type { NASSearch } from '../../api/nas-search.ts';
import type { Trial } from '../../api/trial.ts';
import { fraction } from '../../api/units.ts';
import type { Variant } from '../../api/variant.ts';
import { isOfUse, narrowed } from '../../core/hardware/narrowing.ts';
import { lossOf } from '../../core/quality/metric.ts';
import { canonical } from '../../core/search/candidate.ts';
import { objectivesOf } from '../../core/search/choice.ts';
import { type Forecast, z90 } from '../../core/search/forecast.ts';
import type { Evaluated, Limits } from '../../core/search/sampler.ts';
import { expectedGain, surrogateSampler } from '../../core/search/samplers/surrogate.ts';
import type { Space } from '../../core/search/space.ts';
import { phasesOf } from '../shared/phases.ts';
import { type Accelerator, baseOf, trialsOn, uselessOn, wholeSpace } from './accelerators.ts';
import { baseName, trialOf, variantOf } from './children.ts';
import type { SearchSnapshot } from './gather.ts';
import { inherited } from './inherit.ts';
import { samplerLimits } from './limits.ts';
import { measuredOf, trialState, variantState } from './measured.ts';
import { byAge, byName } from './order.ts';
import type { Outlook } from './outlook.ts';

export interface Next {
  variants: Variant[];
  trials: Trial[];
}

/** One accelerator with what is to be measured on it. */
interface Course {
  accelerator: Accelerator;
  space: Space;
  /** Variants with a trial on it. */
  tried: Set<string>;
  /** Variants that are yet to be tried on it, first those that are ready. */
  wanted: Variant[];
  outlook: Outlook;
  /** How many more variants it may have. */
  room: number;
}

/** However many are not worth measuring, no more are made than so many times those that may be measured. */
const mostMade = 2;

function courseOf(snapshot: SearchSnapshot, accelerator: Accelerator, expected: Outlook | undefined): Course {
  const { search, variants } = snapshot;
  const base = baseName(search);
  const own = trialsOn(snapshot, accelerator);
  const tried = new Set(own.map(({ spec }) => spec.variantRef.name));
  const baseTrial = own.find(({ spec }) => spec.variantRef.name === base);
  const [whole, useless] = [wholeSpace(snapshot), uselessOn(snapshot, accelerator)];
  const space = narrowed(whole, useless);
  // Before the base is measured here nobody knows what is of use here.
  const known = baseTrial !== undefined && trialState(baseTrial) !== 'Pending';
  const fromElsewhere = new Set(known ? inherited(snapshot, accelerator, space, tried) : []);
  const { maxVariants } = search.spec.budget;
  const most = maxVariants - tried.size;
  const outlook = (known && expected) || { expected: new Map(), skipped: new Map() };
  const all = variants.toSorted(byAge).filter((variant, place) => {
    const { name } = variant.metadata;
    if (tried.has(name) || outlook.skipped.has(name) || variantState(variant) === 'Failed') return false;
    if (name === base) return true;
    return (
      known &&
      isOfUse(variant.spec.candidate, whole, useless) &&
      (place >= accelerator.known || fromElsewhere.has(name))
    );
  });
  // Others go on where this one has had all it may have.
  const wanted = all.slice(0, Math.max(0, most));
  const room = Math.min(most - wanted.length, mostMade * maxVariants - variants.length);
  return { accelerator, space, tried, outlook, wanted, room: known ? room : 0 };
}

/** Standard deviations from a value to the end of its 95% interval. */
const z975 = 1.96;

/** What is only expected is known with an error, and makes the sampler no wiser than that. */
const believed = ({ ms, lowMs, highMs }: Forecast, loss: number) => ({
  objectives: [loss, ms],
  errors: [0, (highMs - lowMs) / (2 * z90)],
});

/** What was made and measured on one accelerator, as the sampler takes it: what is not to be proposed again included. */
function history(snapshot: SearchSnapshot, { accelerator, tried, outlook, wanted }: Course): Evaluated[] {
  const { skipped } = outlook;
  const coming = new Set(wanted.map(({ metadata }) => metadata.name));
  return snapshot.variants
    .toSorted(byName)
    .filter(({ metadata }) => tried.has(metadata.name) || skipped.has(metadata.name) || coming.has(metadata.name))
    .concat(
      snapshot.variants.filter((variant) => variantState(variant) === 'Failed' && !tried.has(variant.metadata.name)),
    )
    .map((variant) => {
      const { candidate } = variant.spec;
      const measured = measuredOf(snapshot, variant, accelerator);
      const [forecast, quality] = [skipped.get(variant.metadata.name), variant.status?.quality];
      if (forecast && quality) return { candidate, ...believed(forecast, lossOf(quality)) };
      if (!measured) return { candidate };
      const { latencyMs, latencyHighMs } = measured;
      const error = (latencyHighMs - latencyMs) / z975;
      const objectives = objectivesOf(measured);
      return { candidate, objectives, errors: objectives.map((_, i) => (i === 1 ? error : 0)) };
    });
}

/** Whether the next candidate should add less than the search asks for; nobody can tell before a model is fitted. */
function isSpent(
  { spec: { budget, seed } }: NASSearch,
  space: Space,
  known: readonly Evaluated[],
  limits: Limits,
): boolean {
  if (!budget.leastGain) return false;
  const gain = expectedGain(space, known, 1, seed, limits);
  return gain !== undefined && gain < fraction(budget.leastGain);
}

/**
 * The next children, for as many workers as are free: trials of what is made, the base first, before new variants; these
 * for each accelerator in turn, from what was measured on it. A proposal that was made for another accelerator is only
 * measured.
 */
export function nextChildren(
  snapshot: SearchSnapshot,
  accelerators: readonly Accelerator[],
  outlooks: ReadonlyMap<string, Outlook>,
): Next {
  const { search, variants, trials } = snapshot;
  const { budget, seed } = search.spec;
  const busy =
    variants.filter((variant) => variantState(variant) === 'Pending').length +
    trials.filter((trial) => trialState(trial) === 'Pending').length;
  let free = Math.max(0, budget.parallelism - busy);
  const base = baseOf(snapshot);
  const offered = base?.status?.dimensions ?? [];
  const limits = samplerLimits(snapshot);
  const courses = accelerators.map((accelerator) => courseOf(snapshot, accelerator, outlooks.get(accelerator.name)));
  const trialsFor = ({ metadata: { name } }: Variant, { accelerator, outlook }: Course) =>
    phasesOf(search).map((phase, i) =>
      trialOf(search, name, accelerator, { phase, expected: i === 0 ? outlook.expected.get(name) : undefined }),
    );
  const made = new Set(trials.map(({ metadata }) => metadata.name));

  const ready = courses.flatMap((course) =>
    [...variants.filter(({ metadata }) => course.tried.has(metadata.name)), ...course.wanted]
      .filter((variant) => variantState(variant) === 'Succeeded')
      .map((variant) => ({ variant, trials: trialsFor(variant, course) })),
  );
  const next: Next = {
    variants: [],
    trials: ready
      .toSorted((a, b) => Number(b.variant === base) - Number(a.variant === base))
      .flatMap((one) => one.trials)
      .filter(({ metadata }) => !made.has(metadata.name))
      .slice(0, free),
  };
  free -= next.trials.length;
  const byCandidate = new Map(variants.map((variant) => [canonical(variant.spec.candidate, offered), variant]));

  for (let turn = 0; turn < courses.length && free > 0; turn++) {
    const course = courses[(variants.length + turn) % courses.length] as Course;
    const count = Math.min(free, course.room);
    if (count <= 0) continue;
    const known = history(snapshot, course);
    if (isSpent(search, course.space, known, limits)) continue;
    for (const candidate of surrogateSampler(course.space, known, count, seed, limits)) {
      const present = byCandidate.get(canonical(candidate, offered));
      const itsTrials = present && variantState(present) === 'Succeeded' ? trialsFor(present, course) : [];
      if (!present) next.variants.push(variantOf(search, candidate, base));
      next.trials.push(...itsTrials.slice(0, free));
      free -= Math.max(1, itsTrials.length);
    }
    // Whoever is next sees what was proposed here: names follow from candidates, and none is made twice.
    if (next.variants.length > 0) break;
  }
  return next;
}
