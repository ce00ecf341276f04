import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createListener } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dump } from 'js-yaml';
import { cache } from '../cluster/binaries.ts';
import { install } from '../cluster/packages.ts';
import { Processes, run } from '../cluster/process.ts';

const say = (line: string) => void process.stderr.write(`stores: ${line}\n`);
const s3Version = 'v1.8.0';
const module = fileURLToPath(new URL('./go', import.meta.url));

/** Why these servers can't be had on this machine; undefined when they can. */
export function whyNot(): string | undefined {
  if (process.env.RETUNE_TEST_REQUIRE_CLUSTER) return undefined;
  if (process.platform !== 'linux' || !existsSync('/etc/debian_version')) return 'it uses Debian packages';
  if (process.getuid?.() !== 0) return 'it needs root, to install Debian packages';
  return undefined;
}

/** The S3 server, built from source once a machine. */
async function s3Program(): Promise<string> {
  const folder = join(cache, `versitygw-${s3Version}`);
  const program = join(folder, 'versitygw');
  if (existsSync(program)) return program;
  say(`building versitygw ${s3Version}, an S3 server, from source (some minutes, once a machine)`);
  await mkdir(folder, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  const flags = ['-trimpath', '-ldflags', '-s -w'];
  await run('go', ['build', ...flags, '-o', unfinished, 'github.com/versity/versitygw/cmd/versitygw'], {
    cwd: module,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' },
  });
  await rename(unfinished, program);
  return program;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const listener = createListener().listen(0, '127.0.0.1', () => {
      const { port } = listener.address() as AddressInfo;
      listener.close(() => resolve(port));
    });
  });
}

const answers = (url: string, status: number) => async () => (await fetch(url)).status === status;

/** Servers in a folder of their own; all of it goes with `stop`. */
export class Servers {
  readonly folder: string;
  readonly processes: Processes;

  private constructor(folder: string) {
    this.folder = folder;
    this.processes = new Processes(folder);
  }

  static async open(): Promise<Servers> {
    return new Servers(await mkdtemp(join(tmpdir(), 'retune-stores-')));
  }

  async stop(): Promise<void> {
    await this.processes.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A real S3 server over a folder with the bucket `models`. Credentials are in the file that is named. */
  async s3(
    address = '127.0.0.1',
  ): Promise<{ endpoint: string; bucket: string; credentials: string; stop(): Promise<void> }> {
    const program = await s3Program();
    const port = await freePort();
    const root = join(this.folder, `s3-${port}`);
    const bucket = join(root, 'models');
    await mkdir(bucket, { recursive: true });
    const credentials = join(root, '..', `credentials-${port}`);
    await writeFile(credentials, '[default]\naws_access_key_id = tester\naws_secret_access_key = tester-secret\n');
    const name = `s3-${port}`;
    const keys = { ROOT_ACCESS_KEY: 'tester', ROOT_SECRET_KEY: 'tester-secret' };
    this.processes.start(name, program, ['--port', `${address}:${port}`, 'posix', root], keys);
    const endpoint = `http://${address}:${port}`;
    await this.processes.until(name, answers(endpoint, 403));
    return { endpoint, bucket, credentials, stop: () => this.processes.stop(name) };
  }

  /** Debian's registry. `blobs` is where its bytes lie. */
  async registry(auth: object = {}): Promise<{ host: string; blobs: string; stop(): Promise<void> }> {
    await install([['/usr/bin/docker-registry', 'docker-registry']], say);
    const port = await freePort();
    const root = join(this.folder, `registry-${port}`);
    const config = {
      version: '0.1',
      log: { level: 'warn', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: root }, delete: { enabled: true } },
      http: { addr: `127.0.0.1:${port}` },
      auth,
    };
    const path = `${root}.yaml`;
    await writeFile(path, dump(config));
    const name = `registry-${port}`;
    this.processes.start(name, 'docker-registry', ['serve', path], { OTEL_TRACES_EXPORTER: 'none' });
    await this.processes.until(
      name,
      answers(`http://127.0.0.1:${port}/v2/`, 'token' in auth || 'htpasswd' in auth ? 401 : 200),
    );
    const blobs = join(root, 'docker/registry/v2/blobs/sha256');
    return { host: `127.0.0.1:${port}`, blobs, stop: () => this.processes.stop(name) };
  }

  /** A registry that wants tokens, and a server that signs them for one login, by the token flow of the registry. */
  async tokenRegistry(login: { username: string; password: string }) {
    const [key, certificate] = [join(this.folder, 'token.key'), join(this.folder, 'token.crt')];
    const subject = ['-subj', '/CN=tokens', '-days', '2'];
    await run('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      certificate,
      ...subject,
    ]);
    const tokens = await startTokens(login, createPrivateKey(await readFile(key)), await readFile(certificate, 'utf8'));
    const registry = await this.registry({
      token: { realm: tokens.url, service: 'registry', issuer: 'tokens', rootcertbundle: certificate },
    });
    return { ...registry, asked: tokens.asked, close: tokens.close };
  }
}

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token as the registry takes it: a JWT signed with a certificate that it trusts. */
function tokenOf(scope: string, key: KeyObject, certificate: string): string {
  const [type = '', name = '', actions = ''] = scope.split(':');
  const nowSeconds = Math.floor(Date.now() / 1000);
  const x5c = [certificate.replace(/-----[^-]+-----|\s/g, '')];
  const claims = {
    ...{ iss: 'tokens', sub: 'tester', aud: 'registry', jti: createHash('sha256').update(scope).digest('hex') },
    ...{ exp: nowSeconds + 60, nbf: nowSeconds - 10, iat: nowSeconds },
    access: [{ type, name, actions: actions.split(',') }],
  };
  const body = `${base64({ typ: 'JWT', alg: 'RS256', x5c })}.${base64(claims)}`;
  return `${body}.${sign('sha256', Buffer.from(body), key).toString('base64url')}`;
}

async function startTokens(login: { username: string; password: string }, key: KeyObject, certificate: string) {
  const wanted = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const scope = new URL(request.url ?? '', 'http://tokens').searchParams.get('scope') ?? '';
    asked.push(scope);
    const known = request.headers.authorization === wanted;
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(known ? { token: tokenOf(scope, key, certificate) } : {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    asked,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
