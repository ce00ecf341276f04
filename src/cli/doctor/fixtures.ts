/** Clusters to look at, for tests: in memory, with access reviews answered by a rule. */
import { readdirSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { hardwareProfiles, latencySlas, nasSearches } from '../../api/resources.ts';
import { aSearch, condition, profile } from '../../controllers/search/fixtures.ts';
import type { ApiObject, Cluster, ResourceType } from '../../runtime/cluster/cluster.ts';
import { type Deployment, deployments } from '../../runtime/cluster/core-types.ts';
import { EmbeddedApi } from '../../runtime/cluster/embedded/api/api.ts';
import { put, web } from '../cluster/fixtures.ts';
import { embeddedKinds } from '../embedded-kinds.ts';
import {
  type AccessReview,
  type Attributes,
  apiServices,
  type CustomResourceDefinition,
  claims,
  definitions,
  namespaces,
  reviews,
  selfReviews,
} from './kinds.ts';

/** Who may do what: `user` is undefined where one asks about oneself. */
export type Rule = (asked: Attributes, user: string | undefined) => boolean;

/** An API server in memory that also has the kinds that the doctor looks at. */
class Reviewing extends EmbeddedApi {
  readonly #rule: Rule;

  constructor(rule: Rule) {
    super([...embeddedKinds, ...[apiServices, claims, definitions, namespaces].map((type) => ({ type }))]);
    this.#rule = rule;
  }

  override async create<T extends ApiObject>(type: ResourceType<T>, object: T): Promise<T> {
    if (type.plural !== selfReviews.plural && type.plural !== reviews.plural) return super.create(type, object);
    // As the real one: it answers, and keeps nothing.
    const { spec } = object as unknown as AccessReview;
    return { ...object, status: { allowed: this.#rule(spec.resourceAttributes, spec.user) } };
  }
}

export const definitionFiles = readdirSync('crds').map(
  (file) => load(readFileSync(`crds/${file}`, 'utf8')) as CustomResourceDefinition,
);

export const operator = (change: Partial<Deployment['status']> = {}, env: Record<string, string> = {}): Deployment => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
  metadata: { name: 'retune', namespace: 'retune-system', labels: { 'app.kubernetes.io/name': 'retune' } },
  spec: {
    selector: { matchLabels: { app: 'retune' } },
    template: {
      metadata: { labels: { app: 'retune' } },
      spec: {
        serviceAccountName: 'retune',
        containers: [
          {
            ...{ name: 'operator', image: 'retune:1', args: ['operator'] },
            env: Object.entries(env).map(([name, value]) => ({ name, value })),
          },
        ],
      },
    },
  },
  status: { readyReplicas: 1, ...change },
});

const bare = ({ apiVersion, kind }: ResourceType, metadata: ApiObject['metadata']) => ({ apiVersion, kind, metadata });

/** What a cluster in good order holds; each part can be left out or be another. */
export interface Parts {
  rule?: Rule;
  crds?: CustomResourceDefinition[];
  operators?: Deployment[];
  namespaceLabels?: Record<string, string>;
  profiles?: string[];
  metrics?: boolean;
}

const allowed: Rule = () => true;

/** A cluster with an operator, a profile, a search that has ended and an SLA that is met. */
export async function aCluster(parts: Parts = {}): Promise<Cluster> {
  const {
    rule = allowed,
    crds = definitionFiles,
    operators = [operator()],
    profiles = ['fast'],
    metrics = true,
  } = parts;
  const cluster = new Reviewing(rule);
  const established = { conditions: [condition('Established', 'True', 'InitialNamesAccepted')] };
  for (const crd of crds) await put(cluster, definitions, { ...crd, status: established });
  for (const one of operators) await put(cluster, deployments, one);
  for (const name of profiles) await put(cluster, hardwareProfiles, profile(name));
  const available = { conditions: [condition('Available', 'True', 'Passed')] };
  if (metrics)
    await put(cluster, apiServices, { ...bare(apiServices, { name: 'v1beta1.metrics.k8s.io' }), status: available });
  await put(cluster, namespaces, bare(namespaces, { name: 'default', labels: parts.namespaceLabels }));
  const status = { observedGeneration: 1, conditions: [condition('Succeeded', 'True', 'Completed')] };
  await put(cluster, nasSearches, { ...aSearch(), status });
  const conditions = [condition('Ready', 'True', 'Met'), condition('MetricsAvailable', 'True', 'Read')];
  await put(cluster, latencySlas, web({ observedGeneration: 1, verdict: 'Met', conditions }));
  return cluster;
}
