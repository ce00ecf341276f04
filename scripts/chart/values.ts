/**
 * Every value of the Helm chart, with its meaning and default: the one source of values.yaml, values.schema.json and the
 * table in the chart's README. A name that is not here is refused by helm.
 */
import { z } from 'zod';
import { Duration, Name } from '../../src/api/common.ts';
import { EnvVar, PullSecrets, Quantity, Raw, Raws, Texts, Tolerations } from './kubernetes.ts';
import { dashboards, metrics, rules } from './values-metrics.ts';
import { networkPolicy } from './values-network.ts';

const OrEmpty = (pattern: RegExp) => z.string().regex(pattern);
const optionalName = OrEmpty(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/).default('');

const image = z
  .strictObject({
    repository: z
      .string()
      .min(1)
      .default('retune')
      .describe('Where the image lies, without tag: one image is operator, worker and server.'),
    tag: OrEmpty(/^([\w][\w.-]{0,127})?$/)
      .default('latest')
      .describe("Its tag. Empty takes the chart's appVersion; not used where a digest is given."),
    digest: OrEmpty(/^(sha256:[0-9a-f]{64})?$/)
      .default('')
      .describe('Pins the image, `sha256:…`: what was checked is what runs, in the operator and in every worker.'),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent').describe("Of the operator's pods."),
    pullSecrets: PullSecrets.default([]).describe(
      'Secrets for a private registry, `[{name: …}]`, of the operator and of worker pods; each namespace with a search needs them.',
    ),
  })
  .describe('The image.');

const operator = z
  .strictObject({
    holdDown: Duration.default('2m').describe('How long nodes of an accelerator type must be there before it counts.'),
    labelKeys: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Node labels that name accelerator types, most telling first. Empty takes those of device plugins and clouds.',
      ),
    logFormat: z.enum(['json', 'text']).default('json').describe('How logs are written.'),
    logLevel: z.enum(['error', 'warn', 'info', 'debug']).default('info').describe('What is logged.'),
    env: z.array(EnvVar).default([]).describe('More environment variables, as in a container.'),
  })
  .describe('What the operator is told.');

const store = z
  .strictObject({
    type: z
      .enum(['HostPath', 'Claim', 'Uri'])
      .default('HostPath')
      .describe(
        '`HostPath`: a folder of each node, for one node or a folder that all share; pods with it are refused where Pod Security enforces `baseline` or `restricted`. `Claim`: a PersistentVolumeClaim of each namespace with a search. `Uri`: a bucket or an OCI registry.',
      ),
    hostPath: z
      .strictObject({
        path: z
          .string()
          .regex(/^\/.+/)
          .default('/var/lib/retune')
          .describe('The folder. It must exist, writable by user 65532.'),
      })
      .describe('For type HostPath.'),
    claim: z
      .strictObject({
        name: Name.default('retune').describe('Its name, the same in all namespaces; all must lead to the same files.'),
        create: z
          .boolean()
          .default(false)
          .describe(
            "Whether the chart makes it, in the release's namespace and in `namespaces`. It is kept when the chart is uninstalled: workloads serve from it.",
          ),
        storageClassName: optionalName.describe('Empty takes the default class of the cluster.'),
        accessModes: z
          .array(z.enum(['ReadWriteOnce', 'ReadWriteMany']))
          .min(1)
          .default(['ReadWriteMany'])
          .describe('ReadWriteOnce serves one node.'),
        size: Quantity.default('20Gi').describe('Variants of a search take a few times the size of the model.'),
        volumeName: optionalName.describe('Binds the claim to a volume that is there; empty has one made.'),
      })
      .describe('For type Claim.'),
    uri: z
      .string()
      .regex(/^((s3|oci):\/\/.+)?$/)
      .default('')
      .describe('For type Uri: `s3://bucket/prefix?region=…` or `oci://registry/repository`; never with credentials.'),
    secretName: optionalName.describe(
      "For type Uri: a Secret with the store's credentials, in the release's namespace and in each with a search.",
    ),
    workerServiceAccountName: optionalName.describe(
      'For type Uri: a service account of worker pods that a cloud knows (workload identity), in each namespace with a search.',
    ),
  })
  .describe('Where artifacts lie: models that were made, and what was measured.');

const garbageCollection = z
  .strictObject({
    interval: z
      .string()
      .regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))?$/)
      .default('')
      .describe('How often the operator removes artifacts that nothing names any more, such as `24h`. Empty: never.'),
    gracePeriod: Duration.default('24h').describe('Nothing younger is removed.'),
  })
  .describe('Of the artifact store; a folder must be mounted in the operator for it.');

const workers = z
  .strictObject({
    queueName: optionalName.describe('Kueue LocalQueue of worker pods whose search names none.'),
    priorityClassName: optionalName.describe('Of worker pods.'),
    tolerations: Tolerations.default([]).describe(
      'Of all worker pods. `nvidia.com/gpu` is tolerated without being asked.',
    ),
    accelerators: z
      .record(z.string(), z.strictObject({ tolerations: Tolerations.optional() }))
      .default({})
      .describe(
        'By accelerator type, as `kubectl get hw` names it: `{a100: {tolerations: […]}}` is added for pods on its nodes.',
      ),
  })
  .describe('What every worker pod gets. Processors, memory, image and deadline are told by each search.');

const serviceAccount = z
  .strictObject({
    create: z.boolean().default(true).describe('Whether the chart makes it.'),
    name: optionalName.describe('Its name; empty takes the name of the release.'),
    annotations: Texts.default({}).describe('For example those of workload identity.'),
  })
  .describe('The account of the operator. Worker pods have no token.');

const rbac = z
  .strictObject({
    create: z
      .boolean()
      .default(true)
      .describe('Whether the chart makes roles and bindings: a Role in each of `namespaces`, or one ClusterRole.'),
    aggregate: z
      .boolean()
      .default(true)
      .describe("Whether the cluster's roles view, edit and admin come to include Retune's kinds."),
  })
  .describe('Permissions.');

const crds = z
  .strictObject({
    install: z
      .boolean()
      .default(true)
      .describe(
        'Whether the chart installs and upgrades the CustomResourceDefinitions. Off for a second release in a cluster.',
      ),
    keep: z
      .boolean()
      .default(true)
      .describe('Whether they stay when the chart is uninstalled. With them go all searches, variants and trials.'),
  })
  .describe('The definitions of the five kinds.');

const page = z
  .strictObject({
    listen: z
      .enum(['Localhost', 'Everywhere', 'Off'])
      .default('Localhost')
      .describe(
        "`Localhost`: for `kubectl port-forward`, open to whoever may do that. `Everywhere`: on the pod's address, for those whose token the cluster knows and who may read searches; put TLS in front of it.",
      ),
    port: z.int().min(1).max(65_535).default(9091).describe('Where.'),
  })
  .describe('The page of searches, variants, accelerators and SLAs.');

const rolloutTargets = z
  .strictObject({
    gateway: z
      .boolean()
      .default(false)
      .describe('Deployments behind an HTTPRoute of the Gateway API, whose weights Retune moves.'),
    kserve: z.boolean().default(false).describe('InferenceServices of KServe.'),
    argoRollouts: z.boolean().default(false).describe('Rollouts of Argo.'),
  })
  .describe(
    'What may be rolled out to beside plain Deployments: each is granted what it needs, and nothing while off.',
  );

export const Values = z.strictObject({
  nameOverride: optionalName.describe('Instead of the name of the chart in labels.'),
  fullnameOverride: optionalName.describe('Instead of the name of the release in names of objects.'),
  image,
  namespaces: z
    .array(Name)
    .default([])
    .describe(
      'The namespaces that Retune looks after, with a Role in each. Empty is the whole cluster, with one ClusterRole. They must exist.',
    ),
  replicas: z.int().min(0).default(1).describe('Of the operator: one leads, the others take over within 15 s.'),
  operator,
  store,
  garbageCollection,
  workers,
  serviceAccount,
  rbac,
  crds,
  page,
  rolloutTargets,
  podDisruptionBudget: z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .describe('Whether one is made. It is made from two replicas on: with one it would block drains.'),
      maxUnavailable: z.int().min(1).default(1).describe('How many of the replicas may be evicted at once.'),
    })
    .describe('Of the operator.'),
  topologySpreadConstraints: Raws.default([]).describe(
    'Of the operator. Empty spreads two or more replicas over zones and nodes where that is possible.',
  ),
  affinity: Raw.default({}).describe('Of the operator.'),
  nodeSelector: Texts.default({}).describe('Of the operator.'),
  tolerations: Tolerations.default([]).describe('Of the operator.'),
  priorityClassName: optionalName.describe('Of the operator.'),
  resources: z
    .strictObject({
      requests: z.record(z.string(), Quantity).default({ cpu: '50m', memory: '256Mi' }).describe('What is set aside.'),
      limits: z
        .record(z.string(), Quantity)
        .default({ memory: '512Mi' })
        .describe(
          'What it may not exceed. 512Mi are enough for 5,000 searches with 25,000 trials; 40Mi more for each thousand searches beyond.',
        ),
    })
    .describe('Of the operator.'),
  podLabels: Texts.default({}).describe('More labels of its pods.'),
  podAnnotations: Texts.default({}).describe('More annotations of its pods.'),
  networkPolicy,
  metrics,
  rules,
  dashboards,
});
