import type { TrackState } from '../../core/rollout/canary.ts';
import { isTrue } from '../../runtime/conditions.ts';
import { type PresentRollout, TargetError, type Track, type Unfit } from '../target.ts';
import {
  deploymentModeAnnotation,
  type InferenceService,
  type Revision,
  sourceAnnotation,
} from './inference-service.ts';

export interface Tracks {
  stable: TrackState;
  canary?: TrackState;
}

/** The model in the spec. Throws TargetError where it stands in none of the places that Retune can set. */
export function storageUri({ metadata, spec }: InferenceService): string {
  const uri = spec.predictor.model?.storageUri;
  if (uri !== undefined) return uri;
  throw new TargetError(
    'ModelNotBound',
    `InferenceService ${metadata.name} has no spec.predictor.model.storageUri: write its model there, instead of in a field of the framework's name, in storage or in storageUris`,
  );
}

/** Percent of the requests that the newest revision gets; undefined where nothing is split. */
export function canaryPercent({ spec }: InferenceService): number | undefined {
  const { canaryTrafficPercent: percent } = spec.predictor;
  return percent === undefined || percent >= 100 ? undefined : percent;
}

/**
 * Whether the newest revision is ready and was made for `uri`. Neither observedGeneration (KServe copies Knative's) nor
 * the names of revisions tell which spec a revision belongs to, and requests given to "the newest that is ready" before
 * the right one is would go to the one that was just refused.
 */
export function newestServes({ status }: InferenceService, newest: Revision | undefined, uri: string): boolean {
  const { latestCreatedRevision, latestReadyRevision } = status?.components?.predictor ?? {};
  return (
    latestReadyRevision !== undefined &&
    latestReadyRevision === latestCreatedRevision &&
    newest?.metadata.name === latestReadyRevision &&
    newest.metadata.annotations?.[sourceAnnotation] === uri
  );
}

const isReady = ({ status }: InferenceService) => isTrue(status?.conditions, 'Ready');

function loadFailure({ status }: InferenceService): string | undefined {
  const { transitionStatus = '', lastFailureInfo } = status?.modelStatus ?? {};
  if (transitionStatus !== 'BlockedByFailedLoad' && transitionStatus !== 'InvalidSpec') return undefined;
  return [transitionStatus, lastFailureInfo?.reason, lastFailureInfo?.message].filter(Boolean).join(': ');
}

/**
 * What the revisions of an InferenceService are to a rollout. KServe keeps the last revision that had all requests, and
 * gives the newest its percent; which model the kept one has stands nowhere, and is known from the rollout.
 */
export function tracksOf(
  service: InferenceService,
  newest: Revision | undefined,
  podFailure: string | undefined,
  present: PresentRollout | undefined,
): Tracks {
  const uri = storageUri(service);
  const serves = newestServes(service, newest, uri);
  const failure = serves ? undefined : (podFailure ?? loadFailure(service));
  const { latestReadyRevision, latestRolledoutRevision } = service.status?.components?.predictor ?? {};
  if (canaryPercent(service) === undefined) {
    const whole = serves && isReady(service) && latestRolledoutRevision === latestReadyRevision;
    return { stable: { modelUri: uri, settled: whole, failure } };
  }
  const ours = uri === present?.modelUri || uri === present?.previousUri;
  const kept = {
    modelUri: ours && present ? present.previousUri : uri,
    settled: latestRolledoutRevision !== undefined,
  };
  return { stable: kept, canary: { modelUri: uri, settled: serves, failure } };
}

/** The track of a pod by its revision: whatever is newer than what had all requests is the canary while there is one. */
export function trackOfRevision(service: InferenceService, revision: string | undefined): Track {
  if (canaryPercent(service) === undefined) return 'stable';
  const { latestRolledoutRevision, latestCreatedRevision } = service.status?.components?.predictor ?? {};
  return revision === latestCreatedRevision && revision !== latestRolledoutRevision ? 'canary' : 'stable';
}

const advice = 'set spec.mode to Recommend';

/** Why no canary can be rolled out to this InferenceService. */
export function unfitOf(service: InferenceService, present: PresentRollout | undefined): Unfit | undefined {
  const { name, annotations } = service.metadata;
  const mode = service.status?.deploymentMode ?? annotations?.[deploymentModeAnnotation];
  if (mode !== undefined && mode !== 'Serverless' && mode !== 'Knative') {
    const message = `InferenceService ${name} runs in deployment mode ${mode}, in which KServe ignores canaryTrafficPercent: ${advice}, or run it in mode Knative (Serverless)`;
    return { reason: 'CanaryUnsupported', message };
  }
  if (service.status?.components?.predictor?.latestRolledoutRevision === undefined) {
    const message = `InferenceService ${name} has no revision that had all requests yet, so there is nothing to go back to: wait until it is ready; where it is and runs without Knative, ${advice}`;
    return { reason: 'NothingRolledOut', message };
  }
  if (present === undefined && canaryPercent(service) !== undefined) {
    const message = `InferenceService ${name} splits its requests already (canaryTrafficPercent ${canaryPercent(service)}): finish that rollout, and take the field out`;
    return { reason: 'RolloutUnderWay', message };
  }
  return undefined;
}
