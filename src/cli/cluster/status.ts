import { labels } from '../../api/common.ts';
import type { LatencySLA } from '../../api/latency-sla.ts';
import type { AcceleratorStatus, NASSearch } from '../../api/nas-search.ts';
import { latencySlas, nasSearches } from '../../api/resources.ts';
import { showValue } from '../../core/quality/metric.ts';
import { orderOf, orderText } from '../../core/sla/orders.ts';
import { type Pod, pods } from '../../runtime/cluster/core-types.ts';
import { isApiError } from '../../runtime/cluster/errors.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { ago, ms } from '../show/figures.ts';
import type { Shown } from '../show/shown.ts';
import type { Tone } from '../show/style.ts';
import { type Branch, tree } from '../show/tree.ts';
import type { Connection } from './connection.ts';
import { find } from './find.ts';

/** What is shown, read once. */
interface Seen {
  slas: LatencySLA[];
  searches: NASSearch[];
  /** Worker pods that have not ended. */
  workers: Pod[];
  nowMs: number;
}

const tones = { Met: 'good', Drifting: 'warn', Violated: 'bad', NoData: 'warn' } as const;
const ends = { True: 'good', False: 'bad', Unknown: undefined } as const satisfies Record<string, Tone | undefined>;

function workerBranch({ metadata, spec, status }: Pod, nowMs: number): Branch {
  const { phase = 'Pending' } = status ?? {};
  const node = spec.nodeName ? `on ${spec.nodeName}` : 'on no node yet';
  return {
    heading: [
      { text: `pod ${metadata.name}` },
      { text: `${phase} ${node}` },
      { text: ago(metadata.creationTimestamp, nowMs), tone: 'dim' },
    ],
  };
}

function acceleratorBranch({
  name,
  trials,
  front,
  skipped = 0,
  recommended,
  metric = 'Top1',
  message,
  finished,
}: AcceleratorStatus): Branch {
  const best = front.find(({ variant }) => variant === recommended);
  return {
    heading: [
      { text: name },
      {
        text: `${trials} measured, ${front.length} on the front${skipped > 0 ? `, ${skipped} skipped` : ''}${finished ? '' : ', going on'}`,
      },
      best
        ? {
            text: `recommends ${best.variant}: p99 ${ms(best.p99Ms)} ms, ${showValue(metric, best.quality)} ${metric}`,
            tone: 'good',
          }
        : { text: 'recommends none', tone: 'warn' },
    ],
    notes: best || !message ? [] : [message],
  };
}

/** How many there are of each kind, those that are none left out. */
const counts = (all: Record<string, number> | undefined) =>
  Object.entries(all ?? {})
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');

const home = ({ metadata }: { metadata: { name: string; namespace?: string } }, all: boolean) =>
  all ? `${metadata.namespace}/${metadata.name}` : metadata.name;

function searchBranch(search: NASSearch, { workers, nowMs }: Seen, all: boolean): Branch {
  const { status, metadata, spec } = search;
  const {
    reason = 'not seen by an operator',
    message,
    status: end,
  } = findCondition(status?.conditions, 'Succeeded') ?? {};
  const mine = workers.filter(
    ({ metadata: { namespace, labels: its } }) =>
      namespace === metadata.namespace && its?.[labels.search] === metadata.name,
  );
  const [made, measured] = [counts(status?.variants), counts(status?.trials)];
  return {
    heading: [
      { text: `NASSearch ${home(search, all)}`, tone: 'bold' },
      { text: reason, tone: end ? ends[end] : 'warn' },
      ...(spec.suspend && reason !== 'Suspended' ? [{ text: 'paused', tone: 'warn' as const }] : []),
      { text: [made && `variants: ${made}`, measured && `trials: ${measured}`].filter(Boolean).join('; ') },
    ],
    notes: message ? [message] : [],
    branches: [...(status?.accelerators ?? []).map(acceleratorBranch), ...mine.map((pod) => workerBranch(pod, nowMs))],
  };
}

function rolloutBranches({ status, metadata }: LatencySLA, nowMs: number): Branch[] {
  const { rollout, recommendation } = status ?? {};
  const order = orderOf(metadata);
  return [
    ...(rollout
      ? [
          {
            heading: [
              { text: `rollout of ${rollout.variant}` },
              { text: rollout.step, tone: 'warn' as const },
              { text: `for ${ago(rollout.stepSince, nowMs)}`, tone: 'dim' as const },
            ],
            notes: rollout.message ? [rollout.message] : [],
          },
        ]
      : []),
    ...(recommendation ? [{ heading: [{ text: `recommends ${recommendation.variant}` }] }] : []),
    ...(order
      ? [{ heading: [{ text: order.kind === 'Unreadable' ? order.message : `last order: ${orderText(order)}` }] }]
      : []),
  ];
}

function slaBranch(sla: LatencySLA, seen: Seen, all: boolean): Branch {
  const { spec, status, metadata } = sla;
  const { verdict, cause, measured, activeVariant, activeUri } = status ?? {};
  const ready = findCondition(status?.conditions, 'Ready');
  const search = seen.searches.find(
    (one) => one.metadata.name === spec.searchRef.name && one.metadata.namespace === metadata.namespace,
  );
  const { percentile, threshold } = spec.objective;
  const figures = measured
    ? `${percentile} ${measured.percentileMs === undefined ? '–' : ms(measured.percentileMs)} ms of ${threshold}, ${measured.ratePerSecond.toFixed(1)} requests/s`
    : `${percentile} of ${threshold}`;
  const named = cause && cause !== 'None' ? `${verdict} by ${cause}` : (verdict ?? 'not judged yet');
  return {
    heading: [
      { text: `LatencySLA ${home(sla, all)}`, tone: 'bold' },
      { text: named, tone: verdict ? tones[verdict] : 'warn' },
      ...(spec.suspend ? [{ text: 'paused', tone: 'warn' as const }] : []),
      { text: figures },
    ],
    // A verdict that is met needs no words.
    notes: ready && (verdict !== 'Met' || ready.status !== 'True') ? [`${ready.reason}: ${ready.message}`] : [],
    branches: [
      {
        heading: [
          { text: `${spec.workloadRef.kind} ${spec.workloadRef.name}` },
          { text: `serves ${activeVariant ?? activeUri ?? 'a model that is not known'}` },
        ],
      },
      ...rolloutBranches(sla, seen.nowMs),
      search
        ? searchBranch(search, seen, false)
        : { heading: [{ text: `NASSearch ${spec.searchRef.name}` }, { text: 'is not there', tone: 'bad' }] },
    ],
  };
}

function data({ slas, searches, workers }: Seen) {
  const searchData = ({ metadata, spec, status }: NASSearch) => ({
    ...{ namespace: metadata.namespace, name: metadata.name, suspend: spec.suspend },
    condition: findCondition(status?.conditions, 'Succeeded'),
    ...{ variants: status?.variants, trials: status?.trials },
    accelerators: status?.accelerators?.map(({ front, ...accelerator }) => ({ ...accelerator, onFront: front.length })),
    pods: workers
      .filter(
        (pod) =>
          pod.metadata.namespace === metadata.namespace && pod.metadata.labels?.[labels.search] === metadata.name,
      )
      .map((pod) => ({ name: pod.metadata.name, phase: pod.status?.phase, node: pod.spec.nodeName })),
  });
  const slaData = ({ metadata, spec, status }: LatencySLA) => {
    const { verdict, cause, measured, activeVariant, rollout, recommendation, conditions } = status ?? {};
    return {
      ...{ namespace: metadata.namespace, name: metadata.name, suspend: spec.suspend, search: spec.searchRef.name },
      ...{ verdict, cause, measured, activeVariant, rollout, recommendation: recommendation?.variant },
      ready: findCondition(conditions, 'Ready'),
    };
  };
  return { slas: slas.map(slaData), searches: searches.map(searchData) };
}

async function workersIn({ cluster }: Connection, namespace: string | undefined): Promise<Pod[] | undefined> {
  try {
    const all = await cluster.list(pods, { namespace, labels: { [labels.managedBy]: 'retune' } });
    return all.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  } catch (error) {
    // Whoever may see searches need not see pods: the rest is worth showing.
    if (isApiError(error, 'Forbidden')) return undefined;
    throw error;
  }
}

/** SLAs with what they depend on, and searches that no SLA names; one of them by name, or all of a namespace or cluster. */
export async function status(connection: Connection, name: string | undefined, all = false): Promise<Shown> {
  const { cluster, namespace, clock } = connection;
  const where = all ? undefined : namespace;
  const found = name === undefined ? undefined : await find(connection, name, ['LatencySLA', 'NASSearch']);
  const [slas, searches] = await Promise.all([
    cluster.list(latencySlas, { namespace: where }),
    cluster.list(nasSearches, { namespace: where }),
  ]);
  const workers = await workersIn(connection, where);
  const only = found?.object.metadata.name;
  const seen: Seen = {
    slas: slas.filter(({ metadata }) => !found || (found.kind === 'LatencySLA' && metadata.name === only)),
    searches,
    workers: workers ?? [],
    nowMs: clock(),
  };
  const named = (search: NASSearch) =>
    seen.slas.some(
      ({ spec, metadata }) =>
        spec.searchRef.name === search.metadata.name && metadata.namespace === search.metadata.namespace,
    );
  const alone = searches.filter((search) =>
    found ? found.kind === 'NASSearch' && search.metadata.name === only : !named(search),
  );
  const shown = { ...seen, searches: [...searches.filter(named), ...alone] };
  const nothing = `there is no LatencySLA and no NASSearch in ${all ? 'this cluster' : `namespace ${namespace}`}`;
  return {
    data: data(shown),
    warnings: workers ? [] : ['worker pods are not shown: you may not list pods'],
    lines: (style) => {
      const branches = [
        ...seen.slas.map((sla) => slaBranch(sla, seen, all)),
        ...alone.map((one) => searchBranch(one, seen, all)),
      ];
      return branches.length === 0
        ? [nothing]
        : branches.flatMap((branch, i) => [...(i > 0 ? [''] : []), ...tree([branch], style)]);
    },
  };
}
