import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { type Processes, run, succeeds } from './process.ts';

/** Those of the nodes; the API server and Prometheus listen on the first. */
export const addresses = ['172.30.0.1', '172.30.0.2'] as const;
export const [address] = addresses;
export const port = 16_443;
const server = `https://${address}:${port}`;

/** Who may speak to the API server, by static token; a test cluster lives for minutes and on this machine alone. */
const users = {
  admin: ['admin', 'system:masters'],
  'controller-manager': ['system:kube-controller-manager', ''],
  scheduler: ['system:kube-scheduler', ''],
  proxy: ['system:kube-proxy', ''],
  'node-a': ['system:node:node-a', 'system:nodes'],
  'node-b': ['system:node:node-b', 'system:nodes'],
} as const;
export type User = keyof typeof users;
export const nodeNames = ['node-a', 'node-b'] as const satisfies User[];
export type NodeName = (typeof nodeNames)[number];

export const kubeconfigOf = (folder: string, user: User) => join(folder, `${user}.kubeconfig`);

async function writeCredentials(folder: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(join(folder, 'accounts.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }));
  await writeFile(join(folder, 'accounts.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  const tokens = Object.entries(users).map(
    ([name, [user, group]]) => `token-${name},${user},${name}${group && `,"${group}"`}`,
  );
  await writeFile(join(folder, 'tokens.csv'), `${tokens.join('\n')}\n`);
  for (const name of Object.keys(users) as User[]) {
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user: name } }],
      clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
      users: [{ name, user: { token: `token-${name}` } }],
    };
    await writeFile(kubeconfigOf(folder, name), JSON.stringify(config));
  }
}

/** Where the API server writes down, a line each, what service accounts asked of it. */
export const auditLog = (folder: string) => join(folder, 'audit.log');

const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    // Controllers of Kubernetes itself have accounts, too.
    { level: 'None', userGroups: ['system:serviceaccounts:kube-system'] },
    { level: 'Metadata', userGroups: ['system:serviceaccounts'] },
    { level: 'None' },
  ],
};

/** An address that pods can reach: a bridge without ports, for there is no dummy device in every kernel. */
export async function makeBridge(): Promise<void> {
  if (!(await succeeds('ip', ['link', 'show', 'retune0'])))
    await run('ip', ['link', 'add', 'retune0', 'type', 'bridge']);
  for (const one of addresses) await succeeds('ip', ['addr', 'add', `${one}/24`, 'dev', 'retune0']);
  await run('ip', ['link', 'set', 'retune0', 'up']);
}

export async function startApiServer(processes: Processes, bin: string, folder: string): Promise<void> {
  const policy = join(folder, 'audit-policy.yaml');
  await writeFile(policy, dump(auditPolicy));
  processes.start('kube-apiserver', join(bin, 'kube-apiserver'), [
    '--etcd-servers=http://127.0.0.1:12379',
    `--secure-port=${port}`,
    `--advertise-address=${address}`,
    `--cert-dir=${join(folder, 'certificates')}`,
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    '--authorization-mode=Node,RBAC',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(folder, 'accounts.pub')}`,
    `--service-account-signing-key-file=${join(folder, 'accounts.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--allow-privileged=true',
    `--audit-policy-file=${policy}`,
    `--audit-log-path=${auditLog(folder)}`,
  ]);
  const ready = () =>
    succeeds(join(bin, 'kubectl'), ['--kubeconfig', kubeconfigOf(folder, 'admin'), 'get', '--raw', '/readyz']);
  return processes.until('kube-apiserver', ready);
}

/** etcd, API server, controller manager and scheduler; about five seconds. */
export async function startControlPlane(processes: Processes, bin: string, folder: string): Promise<void> {
  await makeBridge();
  await writeCredentials(folder);
  processes.start('etcd', join(bin, 'etcd'), [
    `--data-dir=${join(folder, 'etcd')}`,
    '--listen-client-urls=http://127.0.0.1:12379',
    '--advertise-client-urls=http://127.0.0.1:12379',
    '--listen-peer-urls=http://127.0.0.1:12380',
    '--initial-advertise-peer-urls=http://127.0.0.1:12380',
    '--initial-cluster=default=http://127.0.0.1:12380',
    // Its data is thrown away with the test.
    '--unsafe-no-fsync',
  ]);
  await startApiServer(processes, bin, folder);
  // The self-signed certificate that the API server made is what in-cluster clients trust.
  const certificate = join(folder, 'certificates/apiserver.crt');
  await readFile(certificate);
  processes.start('kube-controller-manager', join(bin, 'kube-controller-manager'), [
    `--kubeconfig=${kubeconfigOf(folder, 'controller-manager')}`,
    `--service-account-private-key-file=${join(folder, 'accounts.key')}`,
    `--root-ca-file=${certificate}`,
    '--use-service-account-credentials=true',
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
  ]);
  processes.start('kube-scheduler', join(bin, 'kube-scheduler'), [
    `--kubeconfig=${kubeconfigOf(folder, 'scheduler')}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
  ]);
}
