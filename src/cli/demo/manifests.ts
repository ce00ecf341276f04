import { fileURLToPath } from 'node:url';
import type { ApiObject } from '../../runtime/cluster/cluster.ts';
import { readManifests } from '../manifests.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
export const heldout = `${root}examples/quickstart/heldout.npz`;
export const batchSize = 20;

/** The samples of manifests/, with the paths of this checkout in place of the image's. */
async function samples(): Promise<ApiObject[]> {
  const all = await Promise.all(
    ['search', 'serving'].map((name) => readManifests(`${root}manifests/samples/${name}.yaml`)),
  );
  return JSON.parse(JSON.stringify(all.flat()).replaceAll('file:///app/', `file://${root}`)) as ApiObject[];
}

interface Loose extends ApiObject {
  spec: Record<string, unknown>;
}

/** What the demo applies: the samples, made small enough for three minutes, and an SLA of this machine's measure. */
export async function demoManifests(thresholdMs: number): Promise<{ serving: ApiObject[]; control: ApiObject[] }> {
  const all = (await samples()) as Loose[];
  const search = all.find(({ kind }) => kind === 'NASSearch');
  if (!search) throw new Error('manifests/samples/search.yaml holds no NASSearch');
  Object.assign(search.spec, {
    start: 'OnViolation',
    quality: { maxDrop: '1%' },
    workload: { batchSize },
    latency: { threshold: `${thresholdMs}ms` },
    budget: { maxVariants: 5, maxDuration: '10m' },
    measurement: { maxTime: '60s' },
  });
  const sla = {
    apiVersion: search.apiVersion,
    kind: 'LatencySLA',
    metadata: { name: 'digits' },
    spec: {
      workloadRef: { name: 'digits' },
      searchRef: { name: search.metadata.name },
      objective: { percentile: 'P99', threshold: `${thresholdMs}ms`, window: '10s' },
      source: { scrape: {} },
      policy: { minSamples: 50, cooldown: '5s', interval: '1s' },
      rollout: { minSamples: 50, timeout: '60s', answers: { path: '/v2/models/digits/infer' } },
    },
  } as ApiObject;
  return { serving: all.filter((object) => object !== search), control: [search, sla] };
}
