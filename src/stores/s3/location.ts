import { StoreError } from '../store.ts';

export interface S3Location {
  bucket: string;
  /** Without slashes at its ends; may be empty. */
  prefix: string;
  /** Where another server than that of AWS answers; else AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, as the SDK reads them. */
  endpoint?: string;
  region?: string;
  /** `https://host/bucket/key` instead of `https://bucket.host/key`; what servers of one's own mostly want. */
  pathStyle: boolean;
}

const known = ['endpoint', 'region', 'pathStyle'];
const example = 's3://bucket/prefix?endpoint=https://s3.example.com&region=eu-central-1';
const invalid = (uri: string, why: string) =>
  new StoreError('Invalid', `the artifact store ${uri} ${why}: write ${example}, the parameters where they are needed`);

/** What `s3://bucket/prefix?endpoint=…&region=…&pathStyle=true` says. Throws StoreError Invalid. */
export function parseS3(uri: string, environment: NodeJS.ProcessEnv): S3Location {
  if (!URL.canParse(uri)) throw invalid(uri, 'is not a URI');
  const { hostname, pathname, searchParams, username, password } = new URL(uri);
  if (username || password)
    throw invalid(uri.replace(/\/\/.*@/, '//…@'), 'has credentials in it, which belong in a mounted file');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(hostname)) throw invalid(uri, 'names no bucket');
  const unknown = [...searchParams.keys()].find((key) => !known.includes(key));
  if (unknown) throw invalid(uri, `has a parameter "${unknown}" that nobody knows`);
  const endpoint = searchParams.get('endpoint') ?? undefined;
  if (endpoint && !/^https?:\/\//.test(endpoint)) throw invalid(uri, `has the endpoint "${endpoint}", which is no URL`);
  const elsewhere = endpoint ?? environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL;
  const pathStyle = searchParams.get('pathStyle');
  const region = searchParams.get('region') ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
  return {
    bucket: hostname,
    prefix: decodeURIComponent(pathname).replace(/^\/+|\/+$/g, ''),
    ...(endpoint && { endpoint }),
    // A server of one's own seldom has regions, yet a signature needs the name of one.
    ...((region ?? elsewhere) && { region: region ?? 'us-east-1' }),
    pathStyle: pathStyle === null ? elsewhere !== undefined : pathStyle === 'true',
  };
}
