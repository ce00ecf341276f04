import { apiVersion, type ObjectMeta, type OwnerReference } from '../../api/common.ts';

/**
 * The reference of a child to one of Retune's objects that controls it: the child goes with its owner, and the owner
 * waits for it (Kubernetes API, metav1.OwnerReference).
 */
export const controlledBy = (kind: string, { name, uid = '' }: Pick<ObjectMeta, 'name' | 'uid'>): OwnerReference => ({
  ...{ apiVersion, kind, name, uid },
  ...{ controller: true, blockOwnerDeletion: true },
});
