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

/** Labels that make a part of a device a type of its own; NVIDIA's labeller says so in the product itself. */
const parts: readonly string[] = [
  'cloud.google.com/gke-gpu-partition-size',
  'cloud.google.com/gke-gpu-sharing-strategy',
  'amd.com/compute-memory-partition',
];

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
  const used = [key, ...parts.filter((part) => labels[part])];
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
