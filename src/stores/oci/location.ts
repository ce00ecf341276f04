import { StoreError } from '../store.ts';

export interface OciLocation {
  /** Host, and port where it isn't the usual one. */
  registry: string;
  repository: string;
  /** Without TLS: on this machine, or where the URI says so. */
  plainHttp: boolean;
}

const repositoryPattern = /^[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;
const isLoopback = (hostname: string) => /^(localhost|127\.[0-9.]+|\[::1\])$/.test(hostname);
const invalid = (uri: string, why: string) =>
  new StoreError('Invalid', `the artifact store ${uri} ${why}: write oci://registry.example.com/team/models`);

/** What `oci://registry/repository?plainHttp=true` says. Throws StoreError Invalid. */
export function parseOci(uri: string): OciLocation {
  if (!URL.canParse(uri)) throw invalid(uri, 'is not a URI');
  const { host, hostname, pathname, searchParams, username } = new URL(uri);
  if (username) throw invalid(uri.replace(/\/\/.*@/, '//…@'), 'has credentials in it, which belong in a mounted file');
  const repository = pathname.replace(/^\/|\/$/g, '');
  if (!host || !repositoryPattern.test(repository)) throw invalid(uri, 'names no repository in small letters');
  const unknown = [...searchParams.keys()].find((key) => key !== 'plainHttp');
  if (unknown) throw invalid(uri, `has a parameter "${unknown}" that nobody knows`);
  return {
    ...{ registry: host, repository },
    plainHttp: isLoopback(hostname) || searchParams.get('plainHttp') === 'true',
  };
}
