/** Puts as many objects into a cluster as a bench asks for, many at once. */
import { apiVersion } from '../../../src/api/common.ts';
import type { LatencySLA } from '../../../src/api/latency-sla.ts';
import { hardwareProfiles, latencySlas, nasSearches, trials, variants } from '../../../src/api/resources.ts';
import type { ApiObject, Cluster, ResourceType } from '../../../src/runtime/cluster/cluster.ts';
import { type Deployment, deployments } from '../../../src/runtime/cluster/core-types.ts';
import { copyOf, type Family, finishedFamily, ownedBy, profiles, runningFamily } from './objects.ts';

/** How many objects there are to be of each kind. */
export interface Amount {
  searches: number;
  /** Over all searches. */
  trials: number;
  slas: number;
  /** Searches that have not ended. */
  running: number;
}

/** What was made. */
export interface Filled {
  searches: number;
  variants: number;
  trials: number;
  slas: number;
}

const atOnce = 16;
const teams = 20;
/** Objects of one team share a namespace, as they do in a cluster. */
const teamOf = (i: number) => `team-${i % teams}`;
const searchName = (i: number) => `search-${String(i).padStart(5, '0')}`;

/** Calls `make` for 0 to `count` - 1, some at once, and says every 5 s how far it is. */
async function each(count: number, make: (i: number) => Promise<void>, say: (done: number) => void): Promise<void> {
  let next = 0;
  let done = 0;
  let saidMs = performance.now();
  const work = async () => {
    while (next < count) {
      await make(next++);
      done += 1;
      if (performance.now() - saidMs < 5000) continue;
      saidMs = performance.now();
      say(done);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** Creates an object with its status. */
async function put<T extends ApiObject & { status?: unknown }>(
  cluster: Cluster,
  type: ResourceType<T>,
  object: T,
): Promise<T> {
  const created = await cluster.create(type, object);
  return object.status === undefined ? created : cluster.replaceStatus(type, { ...created, status: object.status });
}

async function putFamily(cluster: Cluster, family: Family): Promise<void> {
  const { metadata } = await put(cluster, nasSearches, family.search);
  for (const one of family.variants) await put(cluster, variants, ownedBy(one, metadata));
  for (const one of family.trials) await put(cluster, trials, ownedBy(one, metadata));
}

const workload = (name: string, namespace: string): Deployment => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace } },
  spec: {
    ...{ replicas: 1, selector: { matchLabels: { app: name } } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          { name: 'server', image: 'server', env: [{ name: 'RETUNE_MODEL', value: 'file:///models/m.onnx' }] },
        ],
      },
    },
  },
});

const slaOf = (name: string, namespace: string, search: string): LatencySLA => ({
  ...{ apiVersion, kind: 'LatencySLA', metadata: { name, namespace } },
  spec: {
    ...{ workloadRef: { name }, searchRef: { name: search }, objective: { threshold: '50ms' }, source: { scrape: {} } },
  } as unknown as LatencySLA['spec'],
});

/** The two accelerator types and the namespaces of teams: what is there before anybody searches. */
export async function prepare(cluster: Cluster): Promise<void> {
  for (const one of profiles()) await put(cluster, hardwareProfiles, one);
  const namespaces: ResourceType = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
  for (let i = 0; i < teams; i++) {
    await cluster.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: teamOf(i) } });
  }
}

/** Searches with all that belongs to them, and SLAs with their workloads. The last of the searches still run. */
export async function fill(cluster: Cluster, amount: Amount, say: (line: string) => void): Promise<Filled> {
  const perSearch = amount.trials / amount.searches;
  const [ended, going] = [finishedFamily(perSearch), runningFamily(Math.min(4, perSearch))];
  const families = Array.from({ length: amount.searches }, (_, i) => {
    return copyOf(i < amount.searches - amount.running ? ended : going, searchName(i), teamOf(i));
  });
  await each(
    families.length,
    (i) => putFamily(cluster, families[i] as Family),
    (done) => say(`${done} of ${families.length} searches are made`),
  );
  await each(
    amount.slas,
    async (i) => {
      await cluster.create(deployments, workload(`web-${i}`, teamOf(i)));
      await cluster.create(latencySlas, slaOf(`web-${i}`, teamOf(i), searchName(i % amount.searches)));
    },
    (done) => say(`${done} of ${amount.slas} SLAs are made`),
  );
  const count = (of: (family: Family) => unknown[]) => families.reduce((sum, family) => sum + of(family).length, 0);
  const made = { variants: count(({ variants: its }) => its), trials: count(({ trials: its }) => its) };
  return { searches: families.length, ...made, slas: amount.slas };
}
