/**
 * Node labels that tell one accelerator type from another, most telling first. A node belongs to the first that it
 * carries: what a GPU is before what a machine is. The keys are those of NVIDIA's and AMD's device labellers, of GKE,
 * EKS, Karpenter and AKS, and Kubernetes' own well-known labels.
 */
export const defaultLabelKeys: readonly string[] = [
  'retune.dev/accelerator-type',
  'nvidia.com/gpu.product',
  'amd.com/gpu.product-name',
  'cloud.google.com/gke-tpu-accelerator',
  'cloud.google.com/gke-accelerator',
  'karpenter.k8s.aws/instance-accelerator-name',
  'karpenter.k8s.aws/instance-gpu-name',
  'eks.amazonaws.com/instance-gpu-name',
  'karpenter.azure.com/sku-gpu-name',
  'k8s.amazonaws.com/accelerator',
  'node.kubernetes.io/instance-type',
  'feature.node.kubernetes.io/cpu-model.id',
  'kubernetes.io/arch',
];

interface PartLabel {
  key: string;
  /** What it says of a device that is whole and one container's; a node without the label is that too. */
  whole: readonly string[];
}

/** Labels that make a part of a device, or a share of it, a type of its own. */
const parts: readonly PartLabel[] = [
  { key: 'cloud.google.com/gke-gpu-partition-size', whole: [] },
  { key: 'cloud.google.com/gke-gpu-sharing-strategy', whole: [] },
  { key: 'amd.com/compute-memory-partition', whole: [] },
  { key: 'nvidia.com/mig.config', whole: ['all-disabled'] },
  { key: 'nvidia.com/gpu.sharing-strategy', whole: ['none'] },
];

/** NVIDIA's labeller may say so in the product itself: A100-SXM4-40GB-MIG-1g.5gb, Tesla-T4-SHARED. */
const saidByProduct = (value: string | undefined) => /-MIG-|-SHARED$/.test(value ?? '');

export interface AcceleratorType {
  /** A name that a Kubernetes object can have. */
  name: string;
  /** The labels that nodes of this type carry. */
  match: Record<string, string>;
}

/** A label value as the name of an object: `Tesla-T4` → `tesla-t4`. */
const objectName = (value: string) =>
  value
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);

/** The accelerator type of a node with these labels; undefined when it carries none of the keys. */
export function acceleratorType(
  labels: Record<string, string>,
  keys: readonly string[] = defaultLabelKeys,
): AcceleratorType | undefined {
  const key = keys.find((each) => objectName(labels[each] ?? ''));
  if (key === undefined) return undefined;
  const apart = saidByProduct(labels[key])
    ? []
    : parts.filter((part) => labels[part.key] && !part.whole.includes(labels[part.key] ?? ''));
  const used = [key, ...apart.map((part) => part.key)];
  return {
    name: objectName(used.map((each) => labels[each]).join('-')),
    match: Object.fromEntries(used.map((each) => [each, labels[each] ?? ''])),
  };
}

/** How containers take turns on the device of a node with these labels; undefined where each has its own. */
export function sharedBy(labels: Record<string, string>): string | undefined {
  const strategy = labels['nvidia.com/gpu.sharing-strategy'] ?? labels['cloud.google.com/gke-gpu-sharing-strategy'];
  if (strategy && strategy !== 'none') return strategy;
  return labels['nvidia.com/gpu.product']?.endsWith('-SHARED') ? 'time-slicing' : undefined;
}

/** Labels that a node of a type must not carry but with one of these values: parts of its device are other types. */
export function excludedLabels(match: Record<string, string>): readonly PartLabel[] {
  if (!isGpu(match) || Object.values(match).some(saidByProduct)) return [];
  return parts.filter(({ key }) => match[key] === undefined);
}

const gpuKeys = defaultLabelKeys.filter((key) => /gpu|accelerator/.test(key) && !key.startsWith('retune.dev/'));
const isGpu = (match: Record<string, string>) => gpuKeys.some((key) => match[key] !== undefined);

/** A device that a container asks for by the name of its resource, and what the engine runs on it. */
export interface Device {
  resource: string;
  provider: 'CUDA';
}

/** NVIDIA's device plugin, GKE and EKS give GPUs and MIG instances by this name. */
const nvidia: Device = { resource: 'nvidia.com/gpu', provider: 'CUDA' };

/** GPUs by AWS's and Karpenter's names for them, which carry no maker. */
const nvidiaNames = /^(nvidia|tesla)|^(rtx|gb|[abghklmptv])\d+[a-z]*$/i;

/** The device that nodes of a type have, as far as its labels tell one that the engine can use. */
export function deviceOf(match: Record<string, string>): Device | undefined {
  if (match['nvidia.com/gpu.product']) return nvidia;
  const key = gpuKeys.find(
    (each) => match[each] !== undefined && !each.startsWith('amd.com/') && !each.includes('tpu'),
  );
  return key && nvidiaNames.test(match[key] ?? '') ? nvidia : undefined;
}
