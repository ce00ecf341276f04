import { latencySlas, nasSearches } from '../../api/resources.ts';
import type { Shown } from '../show/shown.ts';
import { change } from './change.ts';
import type { Connection } from './connection.ts';
import { find } from './find.ts';

/** Sets spec.suspend of a search or an SLA; what runs is let finish. */
export async function suspend(connection: Connection, name: string, wanted: boolean): Promise<Shown> {
  const { cluster } = connection;
  const { kind, object } = await find(connection, name, ['NASSearch', 'LatencySLA']);
  const was = object.spec.suspend;
  if (was !== wanted) {
    if (kind === 'NASSearch') {
      await change(cluster, nasSearches, object, (present) => ({
        ...present,
        spec: { ...present.spec, suspend: wanted },
      }));
    } else {
      await change(cluster, latencySlas, object, (present) => ({
        ...present,
        spec: { ...present.spec, suspend: wanted },
      }));
    }
  }
  const what = `${kind} "${object.metadata.name}"`;
  const paused = kind === 'NASSearch' ? 'starts nothing new; what runs is let finish' : 'is neither judged nor changed';
  const sentence = wanted ? `${what} ${paused}` : `${what} goes on`;
  return {
    data: { kind, name: object.metadata.name, suspend: wanted, changed: was !== wanted },
    lines: () => [was === wanted ? `${what} was ${wanted ? 'paused' : 'running'} already` : sentence],
  };
}
