import { kinds } from '../api/kinds.ts';
import { problems, statusProblems, withDefaults } from '../api/validate.ts';
import type { ApiObject } from '../runtime/cluster/cluster.ts';
import type { EmbeddedKind } from '../runtime/cluster/embedded/api/kinds.ts';
import { ApiError } from '../runtime/cluster/errors.ts';

/** Retune's kinds as the embedded API server takes them: what `crds/` says to a real one. */
export const embeddedKinds: EmbeddedKind[] = Object.values(kinds).map(({ apiVersion, kind, plural, namespaced }) => ({
  type: { apiVersion, kind, plural, namespaced },
  default: (object: ApiObject) => withDefaults(object),
  validate(object: ApiObject, old?: ApiObject) {
    const found = [...problems(object, old as { spec?: unknown } | undefined), ...statusProblems(object)];
    if (found.length > 0) {
      throw new ApiError('Invalid', `${kind} "${object.metadata.name}" is invalid: ${found.join('; ')}`);
    }
  },
}));
