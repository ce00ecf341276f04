import { isOutOfTime, networkReason, outOfTime, unreachable } from '../retry.ts';
import { StoreError } from '../store.ts';

/** What of an error of the SDK tells them apart. */
interface SdkError extends Error {
  code?: string;
  $metadata?: { httpStatusCode?: number };
}

const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired']);
const skewed = new Set(['RequestTimeTooSkewed', 'RequestInTheFuture']);
const full = new Set(['XMinioStorageFull', 'InsufficientStorage', 'QuotaExceeded', 'XMinioAdminBucketQuotaExceeded']);
const misplaced = new Set(['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException']);
const missing = new Set(['NoSuchKey', 'NotFound']);
const strangers = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'AccessDenied', 'XAdminUserNotFound']);
const absent = new Set(['CredentialsProviderError', 'CredentialUnavailable', 'TokenProviderError']);

const renew =
  'renew what is mounted or handed out (the Secret of RETUNE_STORE_SECRET, the web identity token, the role)';

/** Any error of the SDK as a StoreError with a sentence; `place` is where it happened, such as `s3://models/retune`. */
export function storeErrorOf(error: unknown, place: string, host: string): StoreError {
  if (error instanceof StoreError) return error;
  const { name, message, $metadata } = error as SdkError;
  const status = $metadata?.httpStatusCode;
  const say = (reason: StoreError['reason'], text: string) => new StoreError(reason, text, { cause: error });
  if (missing.has(name)) return say('NotFound', `${place} has no such artifact`);
  if (name === 'NoSuchBucket')
    return say('Invalid', `there is no bucket for ${place}: create it, or correct RETUNE_STORE`);
  if (expired.has(name)) return say('Expired', `the credentials for ${place} have expired (${name}): ${renew}`);
  if (skewed.has(name)) {
    const now = new Date().toISOString();
    return say(
      'ClockSkew',
      `the clock of this machine, ${now}, and that of ${host} differ too much for signed requests (${name}): set the clock of the node (NTP)`,
    );
  }
  if (full.has(name) || status === 507)
    return say(
      'Full',
      `${place} is full or has reached its quota (${name}): make room with \`retune gc\`, or enlarge it`,
    );
  if (misplaced.has(name) || status === 301)
    return say(
      'Invalid',
      `${place} is in another region than was asked (${name}): set ?region= in RETUNE_STORE or AWS_REGION`,
    );
  if (absent.has(name))
    return say(
      'Denied',
      `there are no credentials for ${place}: mount a Secret with an AWS credentials file (RETUNE_STORE_SECRET), or give the pods workload identity; the last thing tried said: ${message}`,
    );
  if (strangers.has(name) || status === 401 || status === 403)
    return say(
      'Denied',
      `${host} refuses ${place} to these credentials (${name}): they need s3:GetObject, s3:PutObject, s3:ListBucket and, to collect garbage, s3:DeleteObject`,
    );
  if (message === 'Region is missing')
    return say('Invalid', `no region is known for ${place}: set ?region= in RETUNE_STORE or AWS_REGION`);
  if (isOutOfTime(error)) return outOfTime(host, error);
  if (status === undefined) return unreachable(host, error);
  const passing = status >= 500 || status === 429;
  return say(
    passing ? 'Unreachable' : 'Invalid',
    `${host} answered ${status} ${name} for ${place}: ${networkReason(error)}`,
  );
}
