import type { Cluster } from '../../runtime/cluster/cluster.ts';
import { pods, replicaSets } from '../../runtime/cluster/core-types.ts';
import { bindingOf, servingContainer } from '../bindings/choose.ts';
import { servingImage } from '../bindings/template.ts';
import { gitOpsUnfit } from '../gitops.ts';
import { targetPod } from '../pods.ts';
import { modelPatch, ownedPath, setModel } from '../set-model.ts';
import type { RolloutTarget, Workload } from '../target.ts';
import { type Rollout, rollouts } from './rollout.ts';
import { fullyPromoted, observed, specModel, trackOfPod, tracksOf, unfitOf } from './state.ts';

/** The only pause that is ended here: others were made by people, or by an analysis that could not tell. */
const ownPause = 'CanaryPauseStep';
// The CRD says of no list in a pod template that it has keys: server-side apply would own every container.
const lists = 'Atomic';

/**
 * A Rollout of Argo Rollouts. Its own controller makes the canary, moves the requests by the Rollout's own steps and
 * runs its own analyses; Retune sets the model, ends the steps' pauses when its comparison passes, and aborts through
 * the status subresource when it fails, as `kubectl argo rollouts promote` and `abort` do.
 */
export function argoRolloutsTarget(cluster: Cluster, workload: Workload): RolloutTarget {
  const { key, reference: binding, fieldIgnoredByGitOps } = workload;

  async function found(): Promise<Rollout | undefined> {
    const rollout = await cluster.get(rollouts, key);
    return rollout?.metadata.deletionTimestamp ? undefined : rollout;
  }

  async function stableTemplate({ metadata, status }: Rollout) {
    if (!status?.stableRS) return undefined;
    const name = `${metadata.name}-${status.stableRS}`;
    return (await cluster.get(replicaSets, { namespace: key.namespace, name }))?.spec.template;
  }

  const write = (rollout: Rollout, modelUri: string) =>
    setModel(cluster, rollouts, rollout, { binding, modelUri, lists });

  const writeStatus = (rollout: Rollout, change: Partial<Rollout['status']>) =>
    cluster.replaceStatus(rollouts, { ...rollout, status: { ...rollout.status, ...change } });

  function gitOps(rollout: Rollout) {
    if (fieldIgnoredByGitOps) return undefined;
    const container = servingContainer(`Rollout ${key.name}`, rollout.spec.template, binding);
    return gitOpsUnfit(rollout, ownedPath(rollout, binding), bindingOf(binding).where(container));
  }

  return {
    async observe(present) {
      const rollout = await found();
      if (!rollout) return undefined;
      specModel(rollout, binding);
      const labels = rollout.spec.selector?.matchLabels;
      const [template, its] = await Promise.all([
        stableTemplate(rollout),
        labels ? cluster.list(pods, { namespace: key.namespace, labels }) : [],
      ]);
      return {
        key,
        image: template && servingImage(template, binding),
        replicas: rollout.spec.replicas ?? 1,
        tracks: tracksOf(rollout, template, its, { binding, present }),
        inPlace: true,
        pods: its.map((pod) => targetPod(pod, trackOfPod(rollout, pod))),
        unfit: unfitOf(rollout, present) ?? gitOps(rollout),
      };
    },

    async ensureCanary(modelUri) {
      const rollout = await found();
      if (rollout) await write(rollout, modelUri);
    },

    async setWeight() {},

    async admit() {},

    async removeCanary({ modelUri, previousUri }) {
      const rollout = await found();
      if (!rollout || specModel(rollout, binding) !== modelUri || fullyPromoted(rollout)) return;
      // Aborted first: the requests go back at once, while the old template is still to be written.
      if (observed(rollout) && !rollout.status?.abort) await writeStatus(rollout, { abort: true });
      else await write(rollout, previousUri);
    },

    async setModel(modelUri) {
      const rollout = await found();
      if (!rollout) return;
      if (specModel(rollout, binding) !== modelUri) return write(rollout, modelUri);
      const { pauseConditions = [] } = rollout.status ?? {};
      if (!pauseConditions.some(({ reason }) => reason === ownPause)) return;
      const left = pauseConditions.filter(({ reason }) => reason !== ownPause);
      await writeStatus(rollout, { pauseConditions: left.length > 0 ? left : undefined });
    },

    async patch(modelUri) {
      const rollout = await found();
      if (rollout) specModel(rollout, binding);
      return rollout && modelPatch(rollout, { binding, modelUri, lists });
    },
  };
}
