import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { succeeds } from './process.ts';

/** Every folder of a test cluster begins so: what names one in its command line was started by a test. */
export const prefix = join(tmpdir(), 'retune-cluster-');

async function commandLines(): Promise<{ pid: number; text: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(
    pids.map(async (pid) => ({
      pid: Number(pid),
      text: await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    })),
  );
}

/** Pids of the processes in all pods of a node, by its cgroup. */
async function inCgroup(folder: string): Promise<number[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const below = await Promise.all(entries.filter((e) => e.isDirectory()).map((e) => inCgroup(join(folder, e.name))));
  const own = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  return [...below.flat(), ...own.split('\n').filter(Boolean).map(Number)];
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Ends what the nodes of a cluster left running (pods outlive their kubelet), and unmounts and removes its folder. */
export async function sweep(folder: string, nodes: readonly string[]): Promise<void> {
  for (const node of nodes) {
    for (const hierarchy of ['', 'memory', 'cpu']) {
      for (const pid of await inCgroup(join('/sys/fs/cgroup', hierarchy, node))) kill(pid);
    }
  }
  for (const { pid, text } of await commandLines()) if (text.includes(folder) && pid !== process.pid) kill(pid);
  await sleep(200);
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const mount of mounts.filter((path) => path.startsWith(folder)).reverse()) {
    await succeeds('umount', ['--lazy', mount]);
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** What earlier runs that were cut off left behind. */
export async function sweepLeftovers(nodes: readonly string[]): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const folder = join(tmpdir(), name);
    if (folder.startsWith(prefix)) await sweep(folder, nodes);
  }
}
