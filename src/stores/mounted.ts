import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

/**
 * The folder where a pod's store credentials are mounted; each file is optional. For S3 `credentials` and `config` as
 * the AWS tools write them, for a registry `config.json` or `.dockerconfigjson` as docker writes it, for HTTP `token`,
 * and for all of them `ca.crt`, authorities that are trusted beside the known ones.
 */
export const folderVariable = 'RETUNE_STORE_CREDENTIALS';

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The path of the first of these files that is mounted; undefined when none is. */
export function mountedFile(environment: NodeJS.ProcessEnv, ...names: string[]): string | undefined {
  const folder = environment[folderVariable];
  return folder === undefined ? undefined : names.map((name) => join(folder, name)).find(existsSync);
}

/** Trusts the mounted authorities in this process, if there are any. */
export function trustMounted(environment: NodeJS.ProcessEnv): void {
  const file = mountedFile(environment, 'ca.crt');
  if (!file) return;
  const known = getCACertificates('default');
  const trusted = new Set(known.map((one) => one.trim()));
  const mounted = readFileSync(file, 'utf8').match(certificate) ?? [];
  const added = mounted.filter((one) => !trusted.has(one));
  if (added.length > 0) setDefaultCACertificates([...known, ...added]);
}
