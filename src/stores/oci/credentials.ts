import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { mountedFile } from '../mounted.ts';
import { StoreError } from '../store.ts';

export interface RegistryLogin {
  username: string;
  password: string;
  /** A refresh token, in place of a password. */
  identityToken?: string;
}

const DockerConfig = z.object({
  auths: z
    .record(
      z.string(),
      z.object({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
      }),
    )
    .optional(),
});

/** Keys are hosts, or what docker once made of them: the URL of its first API on that host. */
const hostOf = (key: string) => key.replace(/^https?:\/\//, '').split('/')[0];

/**
 * The login for a registry in a docker configuration: the mounted one, else that of DOCKER_CONFIG, else that of the home
 * folder. Read anew each time, because mounted files change; undefined when there is none: many registries can be read
 * by anyone.
 */
export async function loginFor(registry: string, environment: NodeJS.ProcessEnv): Promise<RegistryLogin | undefined> {
  const home = environment.DOCKER_CONFIG ?? join(environment.HOME ?? homedir(), '.docker');
  const path = mountedFile(environment, 'config.json', '.dockerconfigjson') ?? join(home, 'config.json');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new StoreError('Denied', `the registry credentials in ${path} can't be read: ${error.message}`, {
      cause: error,
    });
  });
  if (text === undefined) return undefined;
  let config: z.infer<typeof DockerConfig>;
  try {
    config = DockerConfig.parse(JSON.parse(text));
  } catch (cause) {
    const say = 'write what `docker login` writes, {"auths": {"registry.example.com": {"auth": "…"}}}';
    throw new StoreError('Denied', `${path} is no docker configuration: ${say}`, { cause });
  }
  const [, found] = Object.entries(config.auths ?? {}).find(([key]) => hostOf(key) === registry) ?? [];
  if (!found) return undefined;
  const [, user = '', secret = ''] =
    /^([^:]*):([\s\S]*)$/.exec(Buffer.from(found.auth ?? '', 'base64').toString()) ?? [];
  return {
    username: found.username ?? user,
    password: found.password ?? secret,
    ...(found.identitytoken && { identityToken: found.identitytoken }),
  };
}
