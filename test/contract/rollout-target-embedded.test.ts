import { EmbeddedApi } from '../../src/runtime/cluster/embedded/api/api.ts';
import { rolloutTargetContract } from './rollout-target.ts';
import { argoRolloutsScene } from './scenes/argo-rollouts.ts';
import { deploymentScene } from './scenes/deployment.ts';
import { foreignKinds } from './scenes/kinds.ts';
import { kserveScene } from './scenes/kserve.ts';

const bindings = {
  'a variable': { env: 'RETUNE_MODEL' },
  'an argument': { argument: '--model=' },
  'an annotation': { annotation: 'example.com/model' },
  'a volume image': { volumeImage: 'models' },
};
const cluster = () => new EmbeddedApi(foreignKinds);

// The scenes keep the URI in every place; what is not bound stays as it is.
for (const [place, binding] of Object.entries(bindings)) {
  rolloutTargetContract(`Deployment by ${place}`, (name) => deploymentScene(cluster(), name, { binding }));
  rolloutTargetContract(`Rollout of Argo by ${place}`, (name) => argoRolloutsScene(cluster(), name, { binding }));
}
rolloutTargetContract('Deployment behind an HTTPRoute', (name) => deploymentScene(cluster(), name, { routed: true }), {
  weighs: true,
});
rolloutTargetContract('InferenceService', (name) => kserveScene(cluster(), name), { weighs: true });
