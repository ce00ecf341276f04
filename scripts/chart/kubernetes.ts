/** The parts of Kubernetes' own types that values of the chart hand on; what is refused here would be refused there, later. */
import { z } from 'zod';
import { Name } from '../../src/api/common.ts';
import { Toleration } from '../../src/cli/worker-pods.ts';

export const Quantity = z.union([
  z.number().nonnegative(),
  z.string().regex(/^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/),
]);
export const Texts = z.record(z.string(), z.string());
export const Tolerations = z.array(Toleration);
export const PullSecrets = z.array(z.strictObject({ name: Name }));
export const Port = z.int().min(1).max(65_535);

/** An environment variable: a value, or where it comes from. */
export const EnvVar = z.strictObject({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
  value: z.string().optional(),
  valueFrom: z.looseObject({}).optional(),
});

/** A structure of Kubernetes that is handed on as it is. */
export const Raw = z.looseObject({});
export const Raws = z.array(Raw);
