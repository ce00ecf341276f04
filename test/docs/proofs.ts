/** How each block of the pages is proved, page by page. Blocks for the cluster are run in this order: one story. */
import type { Means, Proof } from './proof.ts';

const image: Means = { test: 'test/cluster/images.ts', holds: ["'Dockerfile', name"] };
/** `python3 -m venv`, `pip install -r` and `prepare.py` of an example. */
const prepared = (example: string): Means => ({
  test: `test/examples/${example}.test.ts`,
  holds: [`prepared('${example}'`],
});
const trains = (minutes: string): Means => ({
  untried: `it trains a model for ${minutes} and gives the file that lies there`,
});
/** 120 architectures of six operators and what they take on four devices, give or take two percent. */
const madeUpTable = `awk 'BEGIN { srand(1); print "ops,alpha_1,beta_1,gamma_1,delta_1"; for (i = 0; i < 120; i++) {
  ops = ""; a = b = c = d = 0;
  for (j = 0; j < 6; j++) { o = int(rand() * 5); ops = ops o; a += 1 + o; b += 2 + o * o; c += 1 + o / 2; d += 3 + sin(o) }
  print ops "," a * (1 + rand() / 50) "," b * (1 + rand() / 50) "," c * (1 + rand() / 50) "," d * (1 + rand() / 50) } }' \
  > latencies.csv`;
const operatorReady = 'kubectl -n retune-system rollout status deployment/retune --timeout=90s';
const deleted = 'helm uninstall retune --namespace retune-system --wait';

const readme: Proof[] = [
  { page: 'README.md', starts: 'npm ci && npm run demo', test: 'test/docs/demo.test.ts', holds: ["'npm run demo'"] },
  { page: 'README.md', starts: 'p99 before:', test: 'test/docs/demo.test.ts', holds: ['p99 before:'] },
  { page: 'README.md', starts: 'npm ci && npm test', untried: 'it is what runs this; package.json says what it is' },
];

/** The cluster is new, and has two nodes and the image. */
const onCluster: Proof[] = [
  { page: 'docs/install.md', starts: 'docker build', ...image },
  {
    ...{
      page: 'docs/install.md',
      starts: 'helm install retune helm/retune --namespace retune-system --create-namespace --wait',
    },
    ...{
      bash: 'cluster',
      prints: /Phase:\s+Succeeded/,
      after: operatorReady,
    },
  },
  {
    ...{ page: 'docs/page.md', starts: 'kubectl -n retune-system port-forward' },
    ...{ bash: 'cluster', lasting: /port-forward/, after: 'answers http://localhost:9091', prints: /<title>/ },
  },
  {
    ...{ page: 'docs/page.md', starts: 'kubectl create clusterrole retune-page', bash: 'cluster' },
    ...{ before: 'kubectl create serviceaccount viewer', prints: /^ey[\w-]+\.[\w-]+\.[\w-]+$/m },
    after: 'kubectl auth can-i get nassearches.retune.dev -A --as=system:serviceaccount:default:viewer',
  },
  { page: 'docs/accelerators.md', starts: 'kubectl get hardwareprofiles', bash: 'cluster', prints: /^NAME\b.*\n.*\w/m },
  {
    ...{
      page: 'docs/install.md',
      starts: 'helm upgrade retune helm/retune --namespace retune-system --set replicas=2',
    },
    ...{ bash: 'cluster', after: 'kubectl -n retune-system get poddisruptionbudget retune' },
  },
  {
    ...{ page: 'docs/install.md', starts: 'helm upgrade retune helm/retune --namespace retune-system --reuse-values' },
    bash: 'cluster',
    after:
      'kubectl -n retune-system get servicemonitor,prometheusrule -l app.kubernetes.io/name=retune -o name | grep -c retune',
  },
  {
    ...{ page: 'docs/cli.md', starts: 'ln -s "$(command -v retune)" ~/.local/bin/kubectl-retune' },
    ...{ bash: 'cluster', prints: /no NASSearch in namespace default/ },
  },
  {
    ...{ page: 'docs/cli.md', starts: 'ln -s "$(command -v retune)" ~/.local/bin/kubectl_complete-retune' },
    ...{ bash: 'cluster', after: 'kubectl __complete retune explai', prints: /^explain$/m },
  },
  {
    ...{ page: 'docs/stores.md', starts: 'kubectl -n team create secret generic', bash: 'cluster' },
    before: 'kubectl create namespace team; touch credentials',
    after: 'kubectl -n team delete secret retune-store',
  },
  { page: 'docs/stores.md', starts: 'kubectl -n team create secret docker-registry', bash: 'cluster' },
  {
    ...{ page: 'docs/rollouts.md', starts: 'kubectl get configmap web-model', bash: 'cluster' },
    ...{ before: 'mkdir -p overlays/production; kubectl apply -f web-model.yaml', prints: /^patches:/m },
    after: 'kubectl apply --dry-run=client -o yaml -f overlays/production/web-model.yaml',
  },
  {
    ...{ page: 'docs/operations.md', starts: 'kubectl get nas,sla -A -o json', bash: 'cluster' },
    before: 'kubectl apply -f manifests/samples/search.yaml -f manifests/samples/sla.yaml',
    after: `kubectl delete nas,sla --all --wait
kubectl apply -f retune-objects.json
kubectl get nas/quickstart sla/digits
kubectl delete nas,sla --all --wait`,
  },
  {
    ...{ page: 'docs/install.md', starts: 'helm uninstall', bash: 'cluster' },
    after: 'gone -n retune-system deployment retune; kubectl get crd nassearches.retune.dev',
  },
  {
    ...{
      page: 'docs/install.md',
      starts: 'helm install retune helm/retune --namespace retune-system --create-namespace --set',
    },
    ...{ bash: 'cluster', before: 'kubectl create namespace shop; kubectl create namespace search' },
    after: `kubectl -n shop get role retune && kubectl -n search get role retune\n${deleted}`,
  },
  {
    ...{
      page: 'README.md',
      starts: 'docker build',
      bash: 'cluster',
      without: { lines: /^docker build/, because: image },
    },
    ...{ lasting: /port-forward/, prints: /digits[\s\S]*<title>/ },
    after: `answers http://localhost:9091\nkubectl delete -f manifests/samples/\n${deleted}`,
  },
  {
    ...{ page: 'helm/retune/README.md', starts: 'helm install', bash: 'cluster' },
    after: deleted,
  },
  {
    ...{ page: 'docs/install.md', starts: 'kubectl delete crd', bash: 'cluster' },
    after: 'gone crd nassearches.retune.dev',
  },
  {
    ...{ page: 'docs/install.md', starts: 'kubectl apply -f manifests/install.yaml', bash: 'cluster' },
    after: operatorReady,
  },
];

const commandLine: Proof[] = [
  { page: 'docs/cli.md', starts: '$ retune status', session: 'served' },
  { page: 'docs/cli.md', starts: 'retune front', bash: 'served', prints: /➤ {2}quick-\w+/ },
  { page: 'docs/cli.md', starts: 'retune diff', bash: 'served', prints: /p99/ },
  { page: 'docs/cli.md', starts: '$ retune explain', session: 'served' },
  { page: 'docs/cli.md', starts: 'retune report', bash: 'served', after: 'grep -q "<svg\\|<canvas\\|<table" web.html' },
  { page: 'docs/cli.md', starts: 'retune doctor', bash: 'served', prints: /CRD/ },
  { page: 'docs/cli.md', starts: 'retune pause', bash: 'served' },
  { page: 'docs/cli.md', starts: 'retune retry', bash: 'served', prints: /Trial/ },
  { page: 'docs/cli.md', starts: 'retune promote', bash: 'served' },
  {
    ...{ page: 'docs/cli.md', starts: 'source <(retune completions bash)', bash: 'laptop', prints: /_retune/ },
    after: 'complete -p retune',
    without: {
      lines: /zsh|fish/,
      because: { test: 'test/cluster/docs.test.ts', holds: ["'zsh'", "'fish'"] },
    },
  },
  { page: 'docs/cli.md', starts: 'apiVersion:', test: 'test/cluster/cli.test.ts', holds: ["'docs/cli.md'"] },
  {
    ...{ page: 'docs/stores.md', starts: 'retune gc', test: 'test/cluster/garbage.ts' },
    holds: ["'gc'", "'--store'", "'--dry-run'"],
  },
];

const manifests: Proof[] = [
  { page: 'docs/accelerators.md', starts: 'spec:', manifest: 'search' },
  { page: 'docs/trainer.md', starts: 'spec:', manifest: 'search' },
  { page: 'examples/trainer/README.md', starts: 'spec:', manifest: 'search' },
  { page: 'docs/rollouts.md', starts: 'spec:', manifest: 'sla' },
  { page: 'docs/rollouts.md', starts: 'rollout:', manifest: 'sla', at: 'spec' },
  { page: 'docs/sla.md', starts: 'source:', manifest: 'sla', at: 'spec' },
  { page: 'docs/stores.md', starts: 'containers:', manifest: 'serving', at: 'spec.template.spec' },
  {
    ...{ page: 'docs/rollouts.md', starts: '# Application of Argo CD', test: 'test/cluster/docs.test.ts' },
    holds: ["'# Application of Argo CD'"],
  },
  { page: 'docs/search.md', starts: '{ "formatVersion"', test: 'test/docs/code.test.ts', holds: ["'docs/search.md'"] },
];

const examples: Proof[] = [
  { page: 'examples/encoder/README.md', starts: 'python3', ...prepared('encoder') },
  { page: 'examples/orientation/README.md', starts: 'python3', ...prepared('orientation') },
  { page: 'examples/recommender/README.md', starts: 'python3', ...prepared('recommender') },
  { page: 'examples/recommender/README.md', starts: '/tmp/venv', ...trains('a minute') },
  {
    ...{ page: 'examples/language-model/README.md', starts: 'retune search' },
    ...{ test: 'test/examples/language-model.test.ts', holds: ["judgedOutput('language-model')"] },
  },
  { page: 'examples/language-model/README.md', starts: 'python3', ...trains('a quarter of an hour') },
  {
    page: 'examples/vit/README.md',
    starts: 'retune search',
    test: 'test/docs/demo.test.ts',
    holds: ["'examples/vit'"],
  },
  { page: 'examples/vit/README.md', starts: 'npm install', ...trains('a quarter of an hour') },
  { page: 'examples/quickstart/README.md', starts: 'npm install', ...trains('hours') },
  {
    ...{ page: 'examples/trainer/README.md', starts: 'python3', test: 'test/examples/trainer.test.ts' },
    holds: ["'requirements.txt'", "'finetune.py'", "'search.yaml'"],
  },
  {
    ...{ page: 'examples/trainer/README.md', starts: 'FROM python', test: 'test/examples/trainer.test.ts' },
    holds: ["'requirements.txt'", "'qat.py'"],
  },
];

const others: Proof[] = [
  { page: 'docs/trainer.md', starts: 'FROM python', test: 'test/cluster/image.test.ts', holds: ["'docs/trainer.md'"] },
  {
    ...{ page: 'docs/accelerators.md', starts: 'docker build --build-arg PROVIDER=cuda' },
    untried: 'it fetches three gigabytes, and runs on a GPU alone',
  },
  { page: 'docs/rollouts.md', starts: 'Starting ──ready──▶', untried: 'a drawing' },
  { page: 'docs/concepts.md', starts: 'NASSearch ──makes──▶', untried: 'a drawing' },
  {
    page: 'docs/hardware.md',
    starts: 'const experience',
    test: 'test/docs/code.test.ts',
    holds: ["'docs/hardware.md'"],
  },
  { page: 'docs/hardware.md', starts: 'npm run -s bench -- forecast', bench: 'forecast' },
  {
    ...{ page: 'docs/hardware.md', starts: 'npm run -s bench -- predictor-table', bash: 'laptop' },
    ...{ before: madeUpTable, prints: /"spearman":/ },
    where: { FILE: 'latencies.csv', 'COLUMN,COLUMN': 'beta_1,gamma_1', COLUMN: 'alpha_1' },
  },
  { page: 'docs/measurement.md', starts: '{"comparisons"', bench: 'measurement' },
  { page: 'docs/sla.md', starts: '300 times', printed: 'npm run -s bench -- drift --seed 1 --json' },
];

export const proofs: Proof[] = [...readme, ...onCluster, ...commandLine, ...manifests, ...examples, ...others];
