import type { S3Client } from '@aws-sdk/client-s3';
import { digestNamed, digestOf, hexOf, verified } from '../digest.ts';
import { mountedFile } from '../mounted.ts';
import { type ArtifactStore, freshMs, StoreError } from '../store.ts';
import { storeErrorOf } from './errors.ts';
import { parseS3, type S3Location } from './location.ts';

/** The SDK takes a quarter of a second to load: only who uses S3 pays for it. */
const sdk = () => import('@aws-sdk/client-s3');
const mostTries = 4;
/** An answer that stops in the middle is asked for so often. */
const mostReads = 3;

/**
 * A client with the credentials of the usual chain: environment, shared credentials file (the mounted one, if any), web
 * identity token file, container or instance role. Files are read anew each time: mounted ones change.
 */
async function connect({ endpoint, region, pathStyle }: S3Location, environment: NodeJS.ProcessEnv): Promise<S3Client> {
  const [{ S3Client: Client }, { defaultProvider }] = await Promise.all([
    sdk(),
    import('@aws-sdk/credential-provider-node'),
  ]);
  const files = {
    filepath: environment.AWS_SHARED_CREDENTIALS_FILE ?? mountedFile(environment, 'credentials'),
    configFilepath: environment.AWS_CONFIG_FILE ?? mountedFile(environment, 'config'),
  };
  return new Client({
    ...(endpoint && { endpoint }),
    ...(region && { region }),
    forcePathStyle: pathStyle,
    credentials: defaultProvider({ ...files, ignoreCache: true }),
    maxAttempts: mostTries,
    // The digest is the check; sums of newer kinds are refused by older servers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

/** Artifacts as objects `<prefix>/sha256/<hex>` of a bucket. Throws StoreError Invalid for a URI that names none. */
export function s3Store(uri: string, environment: NodeJS.ProcessEnv = process.env): ArtifactStore {
  const location = parseS3(uri, environment);
  const { bucket, prefix, endpoint } = location;
  const folder = prefix ? `${prefix}/sha256/` : 'sha256/';
  const place = `s3://${bucket}${prefix && `/${prefix}`}`;
  const host = endpoint ? new URL(endpoint).host : 'S3';
  const at = (digest: string) => ({ Bucket: bucket, Key: folder + hexOf(digest) });
  let client: Promise<S3Client> | undefined;

  async function ask<T>(what: (client: S3Client, commands: Awaited<ReturnType<typeof sdk>>) => Promise<T>): Promise<T> {
    try {
      client ??= connect(location, environment);
      return await what(await client, await sdk());
    } catch (error) {
      throw storeErrorOf(error, place, host);
    }
  }

  const headed = (digest: string) =>
    ask((s3, { HeadObjectCommand }) => s3.send(new HeadObjectCommand(at(digest)))).catch((error: unknown) => {
      if (!(error instanceof StoreError) || !['Denied', 'Invalid'].includes(error.reason)) throw error;
      // The answer to a HEAD has no body that says why: that to a GET has.
      return ask((s3, { GetObjectCommand }) => s3.send(new GetObjectCommand({ ...at(digest), Range: 'bytes=0-0' })));
    });

  /** When an artifact was put; undefined when it is not there. */
  const modifiedMs = (digest: string) =>
    headed(digest).then(
      ({ LastModified }) => LastModified?.getTime() ?? 0,
      (error: unknown) => {
        if (error instanceof StoreError && error.reason === 'NotFound') return undefined;
        throw error;
      },
    );

  async function read(digest: string): Promise<Uint8Array | undefined> {
    return ask(async (s3, { GetObjectCommand }) => {
      const { Body, ContentLength } = await s3.send(new GetObjectCommand(at(digest)));
      const bytes = (await Body?.transformToByteArray().catch(() => undefined)) ?? new Uint8Array();
      return bytes.length === ContentLength ? bytes : undefined;
    });
  }

  return {
    async put(bytes, about) {
      const digest = digestOf(bytes);
      const putMs = await modifiedMs(digest);
      if (putMs !== undefined && Math.abs(Date.now() - putMs) < freshMs) return digest;
      await ask((s3, { PutObjectCommand }) =>
        s3.send(
          new PutObjectCommand({
            ...at(digest),
            Body: bytes,
            ContentType: about?.mediaType ?? 'application/octet-stream',
          }),
        ),
      );
      return digest;
    },

    async get(digest) {
      for (let reads = 0; reads < mostReads; reads++) {
        const bytes = await read(digest);
        if (bytes) return verified(bytes, digest, `${place}/sha256/${hexOf(digest)}`);
      }
      throw new StoreError(
        'Unreachable',
        `${host} broke off ${mostReads} times in the middle of ${digest}: check the network to it`,
      );
    },

    has: async (digest) => (await modifiedMs(digest)) !== undefined,

    uri: (digest) => `${place}/sha256/${hexOf(digest)}`,

    async *list() {
      let ContinuationToken: string | undefined;
      do {
        const page = await ask((s3, { ListObjectsV2Command }) =>
          s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: folder, ContinuationToken })),
        );
        for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
          const digest = digestNamed(Key.slice(folder.length));
          const modifiedMs = LastModified?.getTime() ?? Number.POSITIVE_INFINITY;
          if (digest) yield { digest, sizeBytes: Size, modifiedMs };
        }
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken);
    },

    async remove(digest, notAfterMs) {
      const putMs = await modifiedMs(digest);
      if (putMs === undefined || putMs > notAfterMs) return false;
      await ask((s3, { DeleteObjectCommand }) => s3.send(new DeleteObjectCommand(at(digest))));
      return true;
    },
  };
}
