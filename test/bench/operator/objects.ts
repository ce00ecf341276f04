/** Searches with all that belongs to them, as controllers leave them behind; every one of a kind is like the others. */
import type { HardwareFacts, HardwareProfile } from '../../../src/api/hardware-profile.ts';
import type { NASSearch } from '../../../src/api/nas-search.ts';
import type { Trial } from '../../../src/api/trial.ts';
import type { Variant } from '../../../src/api/variant.ts';
import {
  applied,
  aSearch,
  derived,
  finishOne,
  measured,
  run,
  snapshotOf,
} from '../../../src/controllers/search/fixtures.ts';
import type { SearchSnapshot } from '../../../src/controllers/search/gather.ts';
import { profile as probed, trialAt } from '../../../src/observe/page/fixtures.ts';

export const accelerators = ['fast', 'slow'] as const;
export const nodeLabel = 'retune.dev/accelerator-type';
/** What the operator is told to run as workers: a type that another image has probed would be probed again. */
export const image = 'retune:latest';

/** A search, its variants and its trials. */
export interface Family {
  search: NASSearch;
  variants: Variant[];
  trials: Trial[];
}

const now = () => new Date().toISOString();
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const facts = probed.status?.facts as HardwareFacts;

/** The two accelerator types, probed. */
export const profiles = (): HardwareProfile[] =>
  accelerators.map((name) => ({
    ...probed,
    metadata: { name },
    spec: { match: { [nodeLabel]: name } },
    status: {
      ...{ generation: 1, facts, abilities: probed.status?.abilities, stableSince: now(), nodeCount: 1 },
      ...{ probe: { count: 1, image, finished: now() }, conditions: probed.status?.conditions ?? [] },
    },
  }));

/** A variant as a worker left it: with its artifact, its quality and what it is made of. */
function made(variant: Variant): Variant {
  const { status, ...rest } = derived(variant);
  const parts = trialAt(variant.metadata.name.length).status?.work?.parts;
  const seen = { observedGeneration: 1, conditions: status?.conditions ?? [] };
  return { ...rest, status: { ...status, ...seen, parts, outputs: digest('1') } };
}

/** A trial as a worker left it: latencies of both, the load curve, what a run is made of, the machine. */
function ran(trial: Trial, variant: Variant | undefined): Trial {
  const { status, ...rest } = measured(trial, variant);
  const { p50Ms = 1 } = status?.latency ?? {};
  const loadCurve = Array.from({ length: 9 }, (_, i) => {
    return { ratePerSecond: (100 * (i + 1)) / p50Ms, p50Ms: p50Ms * (1 + i / 4), p99Ms: 2 * p50Ms * (1 + i / 2) };
  });
  return {
    ...rest,
    status: {
      ...trialAt(5).status,
      ...{ latency: status?.latency, baseline: status?.latency, loadCurve, facts, record: digest('2') },
      ...{ pod: `${trial.metadata.name}-0`, node: `node-${trial.spec.accelerator}`, stoppedEarly: false },
      ...{ podCreated: now(), finished: now(), measuredSeconds: 20.25, overheadSeconds: 6.5 },
      ...{ observedGeneration: 1, conditions: status?.conditions ?? [] },
    },
  };
}

const familyOf = ({ search, variants, trials }: SearchSnapshot): Family => ({ search, variants, trials });
const started = (maxVariants: number) => {
  const search = aSearch({ budget: { maxVariants, parallelism: 2 } });
  return applied(snapshotOf(search, profiles()), Date.now());
};

/**
 * A search that has ended on two accelerators, with `trials` trials and five variants, more where the trials need them. Its
 * status is what its controller makes of these children.
 */
export function finishedFamily(trials: number): Family {
  const ended = run(started(Math.max(5, Math.ceil(trials / 2))), made, ran);
  if (ended.trials.length < trials)
    throw new Error(`a search of the bench has ${ended.trials.length} trials at the most`);
  return familyOf(applied({ ...ended, trials: ended.trials.slice(0, trials) }, Date.now()));
}

/** A search half way through: what is measured, and what waits for a worker. */
export function runningFamily(trials: number): Family {
  let snapshot = started(Math.max(5, trials));
  while (snapshot.trials.length < trials) {
    const next = finishOne(snapshot, 0, ran);
    const variants = next.variants.map((one) => (one.status?.artifact && !one.status.parts ? made(one) : one));
    snapshot = applied({ ...next, variants }, Date.now());
  }
  return familyOf(snapshot);
}

/** A family under another name and in a namespace; the names of its children begin with that of the search. */
export function copyOf({ search, variants, trials }: Family, name: string, namespace: string): Family {
  const before = search.metadata.name;
  const renamed = <T extends NASSearch | Variant | Trial>(object: T): T => {
    const text = JSON.stringify(object).replaceAll(`"${before}"`, `"${name}"`).replaceAll(`"${before}-`, `"${name}-`);
    const copy = JSON.parse(text) as T;
    return { ...copy, metadata: { ...copy.metadata, namespace, uid: undefined } };
  };
  return { search: renamed(search), variants: variants.map(renamed), trials: trials.map(renamed) };
}

/** The child as one of a search that the API server has made: whoever belongs to nobody is collected as garbage. */
export function ownedBy<T extends Variant | Trial>(child: T, { uid }: NASSearch['metadata']): T {
  const ownerReferences = (child.metadata.ownerReferences ?? []).map((one) => ({ ...one, uid: uid ?? '' }));
  return { ...child, metadata: { ...child.metadata, ownerReferences } };
}
