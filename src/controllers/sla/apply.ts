import { isDeepStrictEqual } from 'node:util';
import { labels } from '../../api/common.ts';
import type { LatencySLA, LatencySLAStatus } from '../../api/latency-sla.ts';
import { latencySlas, nasSearches } from '../../api/resources.ts';
import type { Cluster } from '../../runtime/cluster/cluster.ts';
import { type ConfigMap, configMaps } from '../../runtime/cluster/core-types.ts';
import type { RolloutTarget, TargetOf } from '../../targets/target.ts';
import { ensure } from '../shared/status.ts';
import type { TargetAction } from './answers.ts';
import type { SlaDecision } from './decide.ts';
import type { SlaSnapshot } from './gather.ts';
import { recommendation, recommendationFile } from './recommendation.ts';
import { followUpSearch } from './retune.ts';
import { isHeld, rolloutFinalizer, workloadOf } from './workload.ts';

const fieldManager = 'retune';

async function act(target: RolloutTarget, { sla }: SlaSnapshot, action: TargetAction): Promise<void> {
  const present = sla.status?.rollout;
  if (action.kind === 'SetModel') return target.setModel(action.uri);
  if (action.kind === 'SetWeight') return target.setWeight(action.percent);
  if (action.kind === 'Admit') return target.admit(action.pod, action.at);
  if (!present) return;
  if (action.kind === 'RemoveCanary') return target.removeCanary(present);
  return target.ensureCanary(present.modelUri);
}

interface Recommended {
  status: LatencySLAStatus;
  file?: ConfigMap;
}

async function withRecommendation(
  target: RolloutTarget,
  { sla }: SlaSnapshot,
  { status, recommend }: SlaDecision,
): Promise<Recommended> {
  const patch = recommend && (await target.patch(recommend.modelUri));
  if (!recommend || !patch) return { status };
  const { configMap } = sla.spec.recommend;
  const file = configMap ? recommendationFile(sla, configMap, recommend, patch) : undefined;
  return { status: { ...status, recommendation: recommendation(sla, recommend, patch) }, file };
}

/** Writes the file where it differs; a ConfigMap of that name that is not Retune's stays as it is, and that is told. */
async function writeFile(cluster: Cluster, { sla }: SlaSnapshot, file: ConfigMap, isNew: boolean): Promise<void> {
  const present = await cluster.get(configMaps, file.metadata);
  if (isDeepStrictEqual(present?.data, file.data)) return;
  if (present && present.metadata.labels?.[labels.managedBy] !== 'retune') {
    const message = `ConfigMap ${file.metadata.name} is someone else's and was left alone: name another in spec.recommend.configMap`;
    if (isNew) await cluster.emit(sla, { type: 'Warning', reason: 'ConfigMapTaken', message });
    return;
  }
  await cluster.apply(configMaps, file, { fieldManager, force: true });
}

/** Holds the SLA, or lets it go. A field manager of its own, so that nothing else of the SLA is owned or dropped. */
async function hold(cluster: Cluster, { apiVersion, kind, metadata }: LatencySLA, held: boolean): Promise<void> {
  const { name, namespace } = metadata;
  const identity = { name, namespace, ...(held && { finalizers: [rolloutFinalizer] }) };
  await cluster.apply(
    latencySlas,
    { apiVersion, kind, metadata: identity },
    { fieldManager: 'retune-rollout', force: true },
  );
}

/** Writes the verdict, then acts on it: what is done can always be explained from status. */
export async function apply(
  cluster: Cluster,
  targetOf: TargetOf,
  snapshot: SlaSnapshot,
  decision: SlaDecision,
): Promise<void> {
  const { sla, workload } = snapshot;
  const target = targetOf(workloadOf(sla));
  const { status, file } = await withRecommendation(target, snapshot, decision);
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(status)), sla.status)) {
    await cluster.replaceStatus(latencySlas, { ...sla, status });
  }
  const { named, followUp } = snapshot;
  if (status.retune && named && followUp?.metadata.name !== status.retune.search && !sla.metadata.deletionTimestamp) {
    await ensure(cluster, nasSearches, followUpSearch(sla, named, status.retune));
  }
  const isNew = decision.events.some(({ reason }) => reason === 'Recommended');
  if (file) await writeFile(cluster, snapshot, file, isNew);
  if (status.rollout && !isHeld(sla) && !sla.metadata.deletionTimestamp) await hold(cluster, sla, true);
  if (workload.kind === 'Found') {
    for (const action of decision.actions) await act(target, snapshot, action);
  }
  for (const event of decision.events) await cluster.emit(sla, event);
  if (!status.rollout && isHeld(sla)) await hold(cluster, sla, false);
}
