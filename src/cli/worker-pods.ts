import { z } from 'zod';
import { Name } from '../api/common.ts';
import type { PodSettings } from '../controllers/shared/worker-pod.ts';

/** A toleration of Kubernetes; `operator` Exists takes no value. */
export const Toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.enum(['Exists', 'Equal']).optional(),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
  tolerationSeconds: z.int().optional(),
});

const Pods = z.strictObject({
  queueName: Name.optional(),
  priorityClassName: Name.optional(),
  imagePullSecrets: z.array(z.strictObject({ name: Name })).optional(),
  tolerations: z.array(Toleration).optional(),
  accelerators: z.record(z.string(), z.strictObject({ tolerations: z.array(Toleration).optional() })).optional(),
}) satisfies z.ZodType<PodSettings>;

/** Environment variable of the operator with what is added to worker pods, as JSON. */
export const podsVariable = 'RETUNE_WORKER_PODS';

/** What the administrator adds to worker pods. Throws Error with a sentence that names the field. */
export function podSettings(text: string | undefined): PodSettings {
  if (!text) return {};
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new Error(`${podsVariable} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  const { success, data, error } = Pods.safeParse(given);
  if (success) return data;
  const [issue] = error.issues;
  throw new Error(`${podsVariable}: ${issue?.path.join('.') || 'the value'}: ${issue?.message}`);
}
