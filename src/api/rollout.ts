import { z } from 'zod';
import { type CelRule, cel, Duration, Name } from './common.ts';

const variable = z
  .string()
  .max(128)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'write the name of an environment variable');

const defaultVariable = 'RETUNE_MODEL';

/** Where in a pod template the URI of the model stands; one of them. */
export const Binding = z
  .object({
    env: variable.optional().describe('An environment variable of the serving container.'),
    argument: z
      .string()
      .min(2)
      .max(128)
      .regex(/^\S+$/, 'write how the argument starts, such as --model=')
      .optional()
      .describe('How the argument of the serving container starts whose rest is the URI, such as `--model=`.'),
    annotation: z
      .string()
      .max(317)
      .regex(
        /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
        'write the name of an annotation, such as example.com/model',
      )
      .optional()
      .describe('An annotation of the pod template.'),
    volumeImage: Name.optional().describe('The name of an image volume; the model is its OCI reference.'),
  })
  .meta(
    cel({
      rule: '(has(self.env) ? 1 : 0) + (has(self.argument) ? 1 : 0) + (has(self.annotation) ? 1 : 0) + (has(self.volumeImage) ? 1 : 0) == 1',
      message: 'give exactly one of env, argument, annotation and volumeImage in spec.workloadRef.binding',
    }),
  );

/** The workload that serves the model, and the one place in it that Retune owns. */
export const WorkloadRef = z
  .object({
    kind: z
      .enum(['Deployment', 'InferenceService', 'Rollout'])
      .default('Deployment')
      .describe('Of apps/v1, serving.kserve.io/v1beta1 or argoproj.io/v1alpha1.'),
    name: Name,
    container: Name.optional().describe('The serving container; the first when left out.'),
    env: variable
      .default(defaultVariable)
      .describe('The environment variable that holds the URI of the model: the one field that Retune owns.'),
    binding: Binding.optional().describe(
      "Where else the URI stands. An InferenceService's is its storageUri: nothing is given here.",
    ),
  })
  .meta(
    cel(
      {
        rule: `!has(self.binding) || self.env == '${defaultVariable}'`,
        message: 'give spec.workloadRef.env or spec.workloadRef.binding, not both',
      },
      {
        rule: `self.kind != 'InferenceService' || (!has(self.binding) && !has(self.container) && self.env == '${defaultVariable}')`,
        message:
          'the model of an InferenceService is its spec.predictor.model.storageUri: leave spec.workloadRef.binding, container and env out',
      },
    ),
  );
export type WorkloadRef = z.infer<typeof WorkloadRef>;

/** The HTTPRoute (gateway.networking.k8s.io/v1) whose weights a rollout moves. */
export const RouteRef = z.object({
  name: Name,
  service: Name.describe("The Service among the route's backends whose pods are the workload's."),
});
export type RouteRef = z.infer<typeof RouteRef>;

/** Where the pods of a workload answer the Open Inference Protocol v2 over HTTP. */
const AnswersPolicy = z.object({
  port: z.int().min(1).max(65_535).default(8080),
  path: z
    .string()
    .max(512)
    .regex(/^\/\S+$/, 'write the path of the inference endpoint, such as /v2/models/digits/infer'),
});

/** How a variant is put in front of users. */
export const RolloutPolicy = z
  .object({
    minSamples: z
      .int()
      .min(20)
      .max(1_000_000)
      .default(100)
      .describe('Requests the canary and the baseline must each have served.'),
    timeout: Duration.default('5m').describe('A canary that has proved nothing by then is rolled back; for each step.'),
    steps: z
      .array(z.int().min(1).max(50))
      .min(1)
      .max(8)
      .optional()
      .describe(
        'Percent of the requests that the canary is given, step by step, ascending; each step is compared anew. Left out: 50, or by pods where nothing can weigh.',
      ),
    answers: AnswersPolicy.optional().describe(
      'How the pods of a canary are asked, before they get any request, whether they answer as the variant did in its trial; of a Deployment only.',
    ),
    httpRoute: RouteRef.optional().describe('A route by whose weights requests are split; of a Deployment only.'),
    fieldIgnoredByGitOps: z
      .boolean()
      .default(false)
      .describe('Argo CD or Flux was told to leave the model field (and the weights of the route) alone.'),
  })
  .prefault({})
  .meta(
    cel({
      rule: '!has(self.steps) || self.steps.all(x, self.steps.exists_one(y, y == x))',
      message: 'spec.rollout.steps has a percentage twice: give each once, ascending, such as [5, 20, 50]',
    }),
  );

/** What the spec alone tells to be unsupported. */
export const rolloutRules: CelRule[] = [
  {
    rule: "!has(self.rollout.httpRoute) || self.workloadRef.kind == 'Deployment'",
    message:
      'spec.rollout.httpRoute goes with a Deployment only: KServe and Argo Rollouts split requests by themselves, leave it out',
  },
  {
    rule: "!has(self.rollout.steps) || has(self.rollout.httpRoute) || self.workloadRef.kind == 'InferenceService'",
    message:
      'spec.rollout.steps needs something that can weigh: name spec.rollout.httpRoute, use an InferenceService, write the steps into spec.strategy.canary of the Rollout, or leave them out and let pods share',
  },
  {
    rule: "!has(self.rollout.answers) || self.workloadRef.kind == 'Deployment'",
    message:
      'spec.rollout.answers holds requests back from the pods of a canary until they have answered, which only the canary of a Deployment can be made to: leave it out',
  },
  {
    rule: "!has(self.recommend.configMap) || self.mode == 'Recommend'",
    message: 'spec.recommend.configMap is written in mode Recommend only: set spec.mode to Recommend, or leave it out',
  },
];

/** How a patch is applied: the names of `kubectl patch --type`. */
export const PatchType = z.enum(['strategic', 'merge', 'json']);
export type PatchType = z.infer<typeof PatchType>;
