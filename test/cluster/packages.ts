import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { run } from './process.ts';

/** What Debian has of a cluster: a file of each package, and its name. */
const needed: [file: string, name: string][] = [
  ['/usr/bin/containerd', 'containerd'],
  ['/usr/sbin/runc', 'runc'],
  ['/usr/lib/cni/bridge', 'containernetworking-plugins'],
  ['/usr/sbin/iptables', 'iptables'],
  ['/usr/sbin/conntrack', 'conntrack'],
  ['/usr/sbin/ip', 'iproute2'],
  ['/usr/bin/buildah', 'buildah'],
  ['/usr/bin/mmdebstrap', 'mmdebstrap'],
  ['/usr/bin/prometheus', 'prometheus'],
  ['/usr/bin/gcc', 'gcc'],
  ['/usr/bin/openssl', 'openssl'],
];

/** Installs what is missing of what a cluster, or another test, needs. No service of theirs is started. */
export async function packages(say: (line: string) => void, wanted = needed): Promise<void> {
  const missing = wanted.filter(([file]) => !existsSync(file)).map(([, name]) => name);
  if (missing.length === 0) return;
  say(`installing ${missing.join(', ')}`);
  const policy = '/usr/sbin/policy-rc.d';
  const mine = !existsSync(policy);
  if (mine) await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update', '-q'], { env });
    await run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...missing], { env });
  } finally {
    if (mine) await rm(policy, { force: true });
  }
}
