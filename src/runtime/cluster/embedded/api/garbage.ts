import type { ApiObject } from '../../cluster.ts';
import type { Store } from './store.ts';

/** Deletes what has lost its last owner, as the garbage collector of Kubernetes does in the background. */
export function collectGarbage(store: Store, remove: (object: ApiObject) => void): void {
  const orphan = ({ metadata: { ownerReferences = [], deletionTimestamp } }: ApiObject) =>
    !deletionTimestamp && ownerReferences.length > 0 && ownerReferences.every(({ uid }) => !store.byUid(uid));

  store.listen(({ type, object }) => {
    if (type === 'Modified') return;
    const suspects = type === 'Added' ? [object] : undefined;
    setImmediate(() => {
      for (const suspect of suspects ?? store.all()) {
        const present = store.byUid(suspect.metadata.uid ?? '');
        if (present && orphan(present)) remove(present);
      }
    });
  });
}
