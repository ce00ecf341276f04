import type { ApiObject, ResourceType } from '../../runtime/cluster/cluster.ts';

/** The parts of Gateway API's HTTPRoute (gateway.networking.k8s.io/v1) that are read or written here. */
export interface BackendRef {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
  port?: number;
  /** In proportion to the others of its rule; 1 when left out. */
  weight?: number;
  filters?: unknown[];
}

export interface HttpRoute extends ApiObject {
  spec: { rules?: ({ backendRefs?: BackendRef[] } & Record<string, unknown>)[] } & Record<string, unknown>;
}

export const httpRoutes: ResourceType<HttpRoute> = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  plural: 'httproutes',
  namespaced: true,
};

/** The Services between which a rule's requests are split; two of them are Retune's. */
export interface Backends {
  service: string;
  canary: string;
  baseline: string;
}

/** What a weight is multiplied by while requests are split, so that each percent of it is a whole number. */
const scale = 100;
const greatestWeight = 1_000_000 / scale;
/** Backends of one rule, by Gateway API's schema. */
const mostBackends = 16;

const weightOf = ({ weight = 1 }: BackendRef) => weight;

/** A reference to a Service of the route's own namespace. */
const isService = ({ group = '', kind = 'Service', namespace }: BackendRef, route: HttpRoute) =>
  group === '' && kind === 'Service' && (namespace ?? route.metadata.namespace) === route.metadata.namespace;

function parts(route: HttpRoute, { service, canary, baseline }: Backends, refs: BackendRef[] = []) {
  const named = (name: string) => refs.filter((ref) => ref.name === name && isService(ref, route));
  const [stable] = named(service);
  return { stable, canary: named(canary), added: [...named(canary), ...named(baseline)] };
}

const sum = (refs: BackendRef[]) => refs.reduce((total, ref) => total + weightOf(ref), 0);

/** Percent of the requests to the Service that go to the canary instead, now; that of the first rule that has it. */
export function percentOf(route: HttpRoute, backends: Backends): number {
  for (const { backendRefs } of route.spec.rules ?? []) {
    const { stable, canary, added } = parts(route, backends, backendRefs);
    const whole = sum([...(stable ? [stable] : []), ...added]);
    if (added.length > 0 && whole > 0) return Math.round((100 * sum(canary)) / whole);
  }
  return 0;
}

/** The rule's backends as they were before anything was split. */
function joined(route: HttpRoute, backends: Backends, refs: BackendRef[]): BackendRef[] {
  const { stable, added } = parts(route, backends, refs);
  if (added.length === 0) return refs;
  const left = refs.filter((ref) => !added.includes(ref));
  // Someone took the Service out meanwhile: what is left is theirs, and keeps its proportions.
  if (!stable) return left;
  const whole = sum([stable, ...added]);
  return left.map((ref) => ({ ...ref, weight: Math.round((ref === stable ? whole : weightOf(ref)) / scale) }));
}

function divided(route: HttpRoute, backends: Backends, refs: BackendRef[], percent: number): BackendRef[] {
  const { stable } = parts(route, backends, refs);
  if (!stable || percent === 0) return refs;
  const share = (name: string, weight: number) => ({ ...stable, name, weight: weightOf(stable) * weight });
  return refs.flatMap((ref) => {
    if (ref !== stable) return { ...ref, weight: weightOf(ref) * scale };
    return [
      share(stable.name, scale - 2 * percent),
      share(backends.baseline, percent),
      share(backends.canary, percent),
    ];
  });
}

/**
 * The route with `percent` (0 to 50) of the requests to the Service given to the canary, and as many to the baseline, so
 * that both are compared under the same load. In every rule that names the Service; other backends of a rule keep
 * their proportion, and 0 puts all as it was. What it was can be read off what it is: nothing need be remembered.
 */
export function split(route: HttpRoute, backends: Backends, percent: number): HttpRoute {
  const rules = route.spec.rules?.map((rule) => {
    if (!rule.backendRefs) return rule;
    return {
      ...rule,
      backendRefs: divided(route, backends, joined(route, backends, rule.backendRefs), percent),
    };
  });
  return { ...route, spec: { ...route.spec, rules } };
}

/** Why requests can't be split by this route; undefined when they can. */
export function whyNotSplit(route: HttpRoute, backends: Backends): string | undefined {
  const { name } = route.metadata;
  const rules = (route.spec.rules ?? []).map(({ backendRefs = [] }) => joined(route, backends, backendRefs));
  const its = rules.filter((refs) => parts(route, backends, refs).stable);
  const weights = its.map((refs) => weightOf(parts(route, backends, refs).stable ?? { name: '', weight: 0 }));
  if (!weights.some((weight) => weight > 0)) {
    return `no rule of HTTPRoute ${name} sends requests to Service ${backends.service}: correct spec.rollout.httpRoute.service`;
  }
  if (its.flat().some((ref) => weightOf(ref) > greatestWeight)) {
    return `HTTPRoute ${name} has a weight above ${greatestWeight}, which leaves no room for percents of it: write smaller ones in the same proportion`;
  }
  if (its.some((refs) => refs.length > mostBackends - 2)) {
    return `a rule of HTTPRoute ${name} has more than ${mostBackends - 2} backends, and a canary and its baseline need two of ${mostBackends}: split the rule`;
  }
  return undefined;
}
