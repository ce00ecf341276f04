import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { isTrue } from '../../../conditions.ts';
import { type Pod, pods, type Service, services } from '../../core-types.ts';
import type { EmbeddedApi } from '../api/api.ts';

interface Endpoint {
  host: string;
  port: number;
}

/** The pods that a Service sends to: ready, not about to end, and carrying its labels. */
function endpointsOf({ metadata, spec }: Service, all: Pod[]): Endpoint[] {
  const { port = 80, targetPort } = spec.ports[0] ?? {};
  return all
    .filter((pod) => {
      const { labels = {}, namespace, deletionTimestamp } = pod.metadata;
      const ready = isTrue(pod.status?.conditions, 'Ready');
      const selected = Object.entries(spec.selector ?? { '': '' }).every(([key, value]) => labels[key] === value);
      return ready && !deletionTimestamp && selected && namespace === metadata.namespace;
    })
    .map(({ status }) => ({ host: status?.podIP ?? '', port: Number(targetPort ?? port) }));
}

/** A listener that gives each connection to the next of its endpoints; to another one when that one refuses. */
function balance(endpoints: () => Endpoint[]): Server {
  let turn = 0;
  return createServer({ pauseOnConnect: true }, (client) => {
    const candidates = endpoints();
    const attempt = (left: number) => {
      turn += 1;
      const endpoint = candidates[turn % Math.max(1, candidates.length)];
      if (!endpoint || left === 0) {
        client.destroy();
        return;
      }
      const upstream = connect(endpoint);
      const refused = () => attempt(left - 1);
      upstream.once('error', refused);
      upstream.once('connect', () => {
        upstream.off('error', refused);
        upstream.on('error', () => client.destroy());
        client.on('error', () => upstream.destroy());
        client.pipe(upstream).pipe(client);
        client.resume();
      });
    };
    client.on('error', () => undefined);
    attempt(candidates.length);
  });
}

export interface Services {
  /** Where a Service of this cluster can be reached from outside of it. */
  url(namespace: string, name: string): Promise<string>;
  stop(): void;
}

/** Services as listeners on this machine. */
export function startServices(api: EmbeddedApi): Services {
  const listeners = new Map<string, Promise<Server>>();
  let present: Pod[] = [];
  let busy = false;
  const refresh = () => {
    if (busy) return;
    busy = true;
    setImmediate(async () => {
      busy = false;
      present = await api.list(pods);
    });
  };

  function open(service: Service): Promise<Server> {
    const server = balance(() => endpointsOf(service, present));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => resolve(server));
    });
  }

  const watches = [
    api.watch(pods, {}, refresh),
    api.watch(services, {}, ({ type, object }) => {
      const key = `${object.metadata.namespace}/${object.metadata.name}`;
      if (type === 'Added') listeners.set(key, open(object));
      if (type !== 'Deleted') return;
      void listeners.get(key)?.then((server) => server.close());
      listeners.delete(key);
    }),
  ];
  return {
    async url(namespace, name) {
      const server = await listeners.get(`${namespace}/${name}`);
      if (!server) throw new Error(`there is no Service "${name}" in namespace ${namespace}`);
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    stop() {
      for (const watch of watches) watch.stop();
      for (const server of listeners.values()) void server.then((one) => one.close());
    },
  };
}
