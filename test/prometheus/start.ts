import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Processes } from '../cluster/process.ts';

/** Debian's. */
export const program = '/usr/bin/prometheus';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A Prometheus with a configuration, its data in `home`. Resolves with its address once it answers. */
export async function startPrometheus(processes: Processes, home: string, config: string): Promise<string> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await writeFile(join(home, 'prometheus.yaml'), config);
  processes.start('prometheus', program, [
    `--config.file=${home}/prometheus.yaml`,
    `--storage.tsdb.path=${home}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--enable-feature=native-histograms',
    '--web.enable-remote-write-receiver',
  ]);
  await processes.until('prometheus', async () => (await fetch(`${url}/-/ready`)).ok);
  return url;
}
