/** The cluster that docs/cli.md speaks of: a search on two accelerators, an SLA that is violated and being mended. */
import { labels } from '../../src/api/common.ts';
import type { LatencySLAStatus } from '../../src/api/latency-sla.ts';
import { hardwareProfiles, latencySlas, nasSearches } from '../../src/api/resources.ts';
import type { Trial } from '../../src/api/trial.ts';
import type { Variant } from '../../src/api/variant.ts';
import { put, putSearch, putSla, web } from '../../src/cli/cluster/fixtures.ts';
import { aCluster } from '../../src/cli/doctor/fixtures.ts';
import { namespaces } from '../../src/cli/doctor/kinds.ts';
import { aSearch, condition, derived, measured, run, snapshotOf } from '../../src/controllers/search/fixtures.ts';
import type { Cluster } from '../../src/runtime/cluster/cluster.ts';
import { pods } from '../../src/runtime/cluster/core-types.ts';

/** The first trial of a narrow subnet on `slow` fails: there is something to try again. */
function failsOnce(): typeof measured {
  let failed = '';
  return (trial: Trial, variant: Variant | undefined) => {
    const { depth } = variant?.spec.candidate.dimensions ?? {};
    if (failed === '' && trial.spec.accelerator === 'slow' && depth === 1) failed = trial.metadata.name;
    if (trial.metadata.name !== failed) return measured(trial, variant);
    return { ...trial, status: { conditions: [condition('Succeeded', 'False', 'OutOfMemory')] } };
  };
}

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

function violated(canary: string, digest: string): LatencySLAStatus {
  const step = { step: 'Comparing', message: '40 of the 100 requests that are needed were served' } as const;
  const started = { event: 'RolloutStarted', reason: 'Load', message: `${canary} instead of quick-base` } as const;
  return {
    ...{ verdict: 'Violated', cause: 'Load', accelerator: 'fast', activeVariant: 'quick-base' },
    measured: { percentileMs: 212.4, samples: 900, ratePerSecond: 45.3, at: ago(1) },
    rollout: {
      ...{ variant: canary, modelUri: 'file:///a', digest, previousUri: 'file:///b' },
      ...{ ...step, started: ago(45), stepSince: ago(40) },
    },
    history: [{ at: ago(45), ...started }],
    conditions: [{ ...condition('Ready', 'True', 'RollingOut'), message: `rolling out ${canary}` }],
  };
}

/** It stands anew at each call, in memory. */
export async function documentedCluster(): Promise<Cluster> {
  const cluster = await aCluster();
  const default_ = { namespace: 'default' };
  await cluster.delete(nasSearches, { ...default_, name: 'quick' });
  await cluster.delete(latencySlas, { ...default_, name: 'web' });
  await cluster.delete(hardwareProfiles, { name: 'fast' });
  const asked = {
    ...{ latency: { threshold: '10ms' }, quality: { metric: 'Top1', maxDrop: '20%' } },
    budget: { maxVariants: 16, parallelism: 2 },
  };
  const snapshot = run(snapshotOf(aSearch(asked)), derived, failsOnce());
  await putSearch(cluster, snapshot);
  const onFront = snapshot.search.status?.accelerators?.[0]?.front ?? [];
  const canary = onFront.at(-2)?.variant ?? '';
  await putSla(cluster, web(violated(canary, `sha256:${'0'.repeat(64)}`)));
  const metadata = { name: 'quick-abc-0', namespace: 'default' };
  await put(cluster, pods, {
    ...{ apiVersion: 'v1', kind: 'Pod', spec: { nodeName: 'node-a', containers: [{ name: 'worker' }] } },
    metadata: { ...metadata, labels: { [labels.search]: 'quick', [labels.managedBy]: 'retune' } },
    status: { phase: 'Running', startTime: ago(12) },
  });
  await put(cluster, namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team-a' } });
  return cluster;
}
