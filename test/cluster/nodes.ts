import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { kubeconfigOf, type NodeName } from './control-plane.ts';
import { type Processes, run, succeeds } from './process.ts';

export interface NodeSetup {
  name: NodeName;
  /** Address of the node, on an interface of this machine. */
  address: string;
  /** Where its pods' addresses come from: `10.88.<subnet>.0/24`. Ports of its kubelet follow from it, too. */
  subnet: number;
  labels: Record<string, string>;
  /** Archives of the images that it has. */
  images: string[];
}

const cgroups = '/sys/fs/cgroup';

/** A cgroup for all pods of a node, in each hierarchy of cgroup v1, or the one of v2. */
async function makeCgroup(name: string): Promise<void> {
  const hierarchies = (await readdir(cgroups)).filter((one) => existsSync(join(cgroups, one, 'cgroup.procs')));
  for (const hierarchy of hierarchies.length > 0 ? hierarchies : ['']) {
    const folder = join(cgroups, hierarchy, name);
    await mkdir(folder, { recursive: true });
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const parent = join(cgroups, hierarchy, file);
      if (existsSync(parent)) await writeFile(join(folder, file), await readFile(parent));
    }
  }
}

const containerdConfig = (folder: string) => `
version = 2
root = "${folder}/containerd"
state = "${folder}/run"
[grpc]
  address = "${folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  # This machine may not lower its OOM score.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/cni"
`;

const network = (subnet: number, folder: string) => ({
  cniVersion: '0.4.0',
  name: `retune-${subnet}`,
  plugins: [
    {
      ...{ type: 'bridge', bridge: `retune${subnet}`, isGateway: true, ipMasq: true, hairpinMode: true },
      ipam: {
        ...{ type: 'host-local', dataDir: join(folder, 'addresses') },
        ranges: [[{ subnet: `10.88.${subnet}.0/24` }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
  ],
});

const kubeletConfig = ({ name, address, subnet }: NodeSetup, folder: string) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  address,
  port: 10_250 + subnet,
  healthzPort: 10_350 + subnet,
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  cgroupDriver: 'cgroupfs',
  cgroupRoot: `/${name}`,
  containerRuntimeEndpoint: `unix://${folder}/containerd.sock`,
  evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  failCgroupV1: false,
  failSwapOn: false,
  imageGCHighThresholdPercent: 100,
  localStorageCapacityIsolation: false,
  podLogsDir: join(folder, 'logs'),
  registerWithTaints: [],
  resolvConf: '/etc/resolv.conf',
  staticPodPath: '',
});

async function importImages(processes: Processes, setup: NodeSetup, folder: string): Promise<void> {
  const ctr = ['--address', join(folder, 'containerd.sock'), '--namespace', 'k8s.io'];
  await processes.until(`${setup.name}-containerd`, () => succeeds('ctr', [...ctr, 'version']));
  for (const image of setup.images) await run('ctr', [...ctr, 'images', 'import', image]);
}

/** A node of its own on this machine: containerd, a kubelet, a bridge for its pods. About ten seconds until it is ready. */
export async function startNode(processes: Processes, bin: string, home: string, setup: NodeSetup): Promise<void> {
  const folder = join(home, setup.name);
  await mkdir(join(folder, 'cni'), { recursive: true });
  await writeFile(join(folder, 'containerd.toml'), containerdConfig(folder));
  await writeFile(join(folder, 'cni/retune.conflist'), JSON.stringify(network(setup.subnet, folder)));
  await writeFile(join(folder, 'kubelet.yaml'), dump(kubeletConfig(setup, folder)));
  await makeCgroup(setup.name);
  processes.start(`${setup.name}-containerd`, 'containerd', ['--config', join(folder, 'containerd.toml')]);
  await importImages(processes, setup, folder);
  const labels = Object.entries(setup.labels).map(([name, value]) => `${name}=${value}`);
  processes.start(`${setup.name}-kubelet`, join(bin, 'kubelet'), [
    `--config=${join(folder, 'kubelet.yaml')}`,
    `--kubeconfig=${kubeconfigOf(home, setup.name)}`,
    `--hostname-override=${setup.name}`,
    `--node-ip=${setup.address}`,
    `--node-labels=${labels.join(',')}`,
    `--root-dir=${join(folder, 'kubelet')}`,
    `--cert-dir=${join(folder, 'certificates')}`,
  ]);
  const ready = async () => {
    const path = '{.status.conditions[?(@.type=="Ready")].status}';
    const args = ['--kubeconfig', kubeconfigOf(home, 'admin'), 'get', 'node', setup.name, '-o', `jsonpath=${path}`];
    return (await run(join(bin, 'kubectl'), args)) === 'True';
  };
  await processes.until(`${setup.name}-kubelet`, ready);
}

/** Service addresses, by iptables; one for both nodes, since they share a kernel. */
export async function startProxy(processes: Processes, bin: string, home: string): Promise<void> {
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
  const config = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    bindAddress: '0.0.0.0',
    clientConnection: { kubeconfig: kubeconfigOf(home, 'proxy') },
    clusterCIDR: '10.88.0.0/16',
    conntrack: { maxPerCore: 0 },
    hostnameOverride: 'node-a',
    healthzBindAddress: '127.0.0.1:10456',
    metricsBindAddress: '127.0.0.1:10449',
    mode: 'iptables',
  };
  const path = join(home, 'proxy.yaml');
  await writeFile(path, dump(config));
  processes.start('kube-proxy', join(bin, 'kube-proxy'), [`--config=${path}`]);
  await processes.until('kube-proxy', async () => (await fetch('http://127.0.0.1:10456/healthz')).ok);
}

/** Takes the rules of the proxy and the bridges of the nodes away. */
export async function removeNetwork(bin: string): Promise<void> {
  await succeeds(join(bin, 'kube-proxy'), ['--cleanup']);
  for (const bridge of ['retune0', 'retune1', 'retune2']) await succeeds('ip', ['link', 'delete', bridge]);
}
