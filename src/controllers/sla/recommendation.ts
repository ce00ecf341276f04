import { dump } from 'js-yaml';
import { labels } from '../../api/common.ts';
import type { LatencySLA, LatencySLAStatus } from '../../api/latency-sla.ts';
import type { Finalist } from '../../core/sla/choice.ts';
import type { ConfigMap } from '../../runtime/cluster/core-types.ts';
import type { ModelPatch } from '../../targets/target.ts';

export type Recommendation = NonNullable<LatencySLAStatus['recommendation']>;

/** A word for a POSIX shell. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
/** What kubectl takes as a resource, also where another group has the same kind. */
const resource = ({ apiVersion, kind }: ModelPatch) => {
  const [group = '', version] = apiVersion.split('/');
  return version ? `${kind.toLowerCase()}.${version}.${group}` : kind.toLowerCase();
};

/** What status says of a recommended variant: the patch, and the command that applies it as it is. */
export function recommendation({ metadata, spec }: LatencySLA, picked: Finalist, patch: ModelPatch): Recommendation {
  const body = JSON.stringify(patch.body);
  const where = metadata.namespace ? ['-n', metadata.namespace] : [];
  const command = ['kubectl', ...where, 'patch', resource(patch), spec.workloadRef.name, '--type', patch.type];
  return {
    variant: picked.variant,
    modelUri: picked.modelUri,
    patch: body,
    patchType: patch.type,
    command: [...command, '--patch', quoted(body)].join(' '),
  };
}

/** The patch as kustomize takes it: with an identity where it is merged, bare where it is a list of operations. */
function patchFile({ metadata, spec }: LatencySLA, { apiVersion, kind, type, body }: ModelPatch): string {
  if (type === 'json') return dump(body, { lineWidth: -1 });
  const identity = { apiVersion, kind, metadata: { name: spec.workloadRef.name, namespace: metadata.namespace } };
  return dump({ ...identity, ...(body as object) }, { lineWidth: -1 });
}

/**
 * A ConfigMap for whoever opens pull requests: the patch as a file, and the lines of kustomization.yaml that use it.
 * It goes when the SLA goes.
 */
export function recommendationFile(sla: LatencySLA, name: string, picked: Finalist, patch: ModelPatch): ConfigMap {
  const { namespace, name: slaName, uid = '' } = sla.metadata;
  const workload = sla.spec.workloadRef.name;
  const file = `${workload}-model.yaml`;
  const [group = '', version] = patch.apiVersion.split('/');
  const target = { ...(version && { group }), version: version ?? group, kind: patch.kind, name: workload };
  const how = [
    `# ${picked.variant}, recommended by LatencySLA ${slaName}. Add the patch to the overlay of the workload:`,
    `#   kubectl ${namespace ? `-n ${namespace} ` : ''}get configmap ${name} -o jsonpath='{.data.${file.replaceAll('.', '\\.')}}' > ${file}`,
    '# and these lines to its kustomization.yaml; `kustomize build` then shows the change, and a commit applies it.',
  ];
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      namespace,
      labels: { [labels.managedBy]: 'retune', [labels.sla]: slaName.slice(0, 63).replace(/[^a-z0-9]+$/, '') },
      ownerReferences: [{ apiVersion: sla.apiVersion, kind: sla.kind, name: slaName, uid }],
    },
    data: {
      [file]: patchFile(sla, patch),
      'kustomization.yaml': `${how.join('\n')}\n${dump({ patches: [{ path: file, target }] })}`,
    },
  };
}
