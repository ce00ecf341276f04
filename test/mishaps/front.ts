/** A finished search whose front holds a good base and variants that claim to be better. */
import { apiVersion, labels } from '../../src/api/common.ts';
import type { HardwareProfile } from '../../src/api/hardware-profile.ts';
import type { NASSearch } from '../../src/api/nas-search.ts';
import { hardwareProfiles, nasSearches, trials, variants } from '../../src/api/resources.ts';
import type { Trial } from '../../src/api/trial.ts';
import { withDefaults } from '../../src/api/validate.ts';
import type { Variant } from '../../src/api/variant.ts';
import type { ApiObject, Cluster, ResourceType } from '../../src/runtime/cluster/cluster.ts';
import { isApiError } from '../../src/runtime/cluster/errors.ts';
import type { Artifact, Workshop } from './models.ts';

export interface Place {
  cluster: Cluster;
  namespace: string;
  accelerator: string;
  /** So that workers, should any run, find the data. */
  heldout: string;
}

const search = 'mishaps';
const lastTransitionTime = '2026-01-01T00:00:00Z';
const done = (type: string, reason: string) => ({
  type,
  status: 'True' as const,
  reason,
  message: '',
  lastTransitionTime,
});

export interface Claim {
  name: string;
  artifact: Artifact;
  quality: number;
  /** Milliseconds on an idle replica, and the rate at which one saturates. */
  p99Ms: number;
  capacityPerSecond: number;
}

async function put<T extends ApiObject & { status?: unknown }>(
  cluster: Cluster,
  type: ResourceType<T>,
  object: T,
): Promise<void> {
  await cluster.create(type, { ...object, status: undefined });
  for (let tries = 1; ; tries++) {
    const created = await cluster.get(type, object.metadata);
    if (!created) throw new Error(`${object.kind} ${object.metadata.name} is gone`);
    try {
      await cluster.replaceStatus(type, { ...created, status: object.status });
      return;
    } catch (error) {
      // A controller wrote in between; what is claimed now, it takes for its own.
      if (!isApiError(error, 'Conflict') || tries === 5) throw error;
    }
  }
}

/** A variant and its trial with these claims. */
export async function claim({ cluster, namespace, accelerator, heldout }: Place, workshop: Workshop, claimed: Claim) {
  const { name, artifact, quality: value, p99Ms, capacityPerSecond } = claimed;
  const metadata = { name, namespace, labels: { [labels.search]: search } };
  const quality = { metric: 'Top1' as const, value, low: value - 0.001, high: value + 0.001, samples: 2000 };
  const variant = {
    ...{ apiVersion, kind: 'Variant', metadata },
    spec: {
      searchRef: { name: search },
      candidate: { dimensions: { claim: Math.round(1e4 * value) }, precision: 'FP32', engine: { threads: 1 } },
      ...{ model: { uri: workshop.base.uri }, heldout: { uri: heldout }, metric: 'Top1' },
    },
    status: { artifact, quality, conditions: [done('Ready', 'Derived')] },
  } as unknown as Variant;
  const latency = {
    p50Ms: p99Ms,
    p90Ms: p99Ms,
    p99Ms,
    p99LowMs: p99Ms,
    p99HighMs: p99Ms,
    meanMs: p99Ms,
    samples: 1000,
  };
  const trial = {
    ...{ apiVersion, kind: 'Trial', metadata: { ...metadata, name: `${name}-trial` } },
    spec: {
      ...{ searchRef: { name: search }, variantRef: { name }, baselineRef: { name: `${search}-base` } },
      ...{ accelerator, generation: 1, batchSize: 1, minSamples: 1000, maxMeasureTime: '10s' },
    },
    status: {
      latency,
      loadCurve: [
        { ratePerSecond: 0.9 * capacityPerSecond, p50Ms: p99Ms, p99Ms },
        { ratePerSecond: capacityPerSecond, p50Ms: 10 * p99Ms, p99Ms: 20 * p99Ms },
      ],
      ...{ outputsAgree: true, challenge: workshop.challenge, conditions: [done('Succeeded', 'Measured')] },
    },
  } as unknown as Trial;
  await put(cluster, variants, variant);
  await put(cluster, trials, trial);
}

/** The search that names them, with the base model as its first variant. */
export async function openFront(
  place: Place,
  workshop: Workshop,
  base: Omit<Claim, 'artifact' | 'name'>,
): Promise<void> {
  const { cluster, namespace, heldout } = place;
  // It has ended, and nobody is to search it again.
  const at = lastTransitionTime;
  const spec = {
    ...{ model: { uri: workshop.base.uri }, data: { heldout: { uri: heldout } }, accelerators: [place.accelerator] },
    // Whoever is there makes no variants of it.
    suspend: true,
  };
  const bare = { apiVersion, kind: 'NASSearch', metadata: { name: search, namespace }, spec } as unknown as NASSearch;
  const accelerators = [{ name: place.accelerator, started: at, finished: at, front: [], trials: 0 }];
  const ended = { started: at, finished: at, accelerators, conditions: [done('Succeeded', 'Completed')] };
  const status = { base: `${search}-base`, ...ended };
  await put(cluster, nasSearches, { ...withDefaults(bare), status } as NASSearch);
  await claim(place, workshop, { ...base, name: `${search}-base`, artifact: workshop.base });
}

/** Stands for the accelerator of an embedded node, which nobody probes here. */
export async function openProfile(cluster: Cluster, accelerator: string, node: string): Promise<void> {
  await put(cluster, hardwareProfiles, {
    ...{ apiVersion, kind: 'HardwareProfile', metadata: { name: accelerator }, spec: { match: {} } },
    status: { nodes: [node], generation: 1 },
  } as unknown as HardwareProfile);
}
