import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cache } from './binaries.ts';
import { run } from './process.ts';
import { withoutAvx } from './without-avx.ts';

/** Archives that `ctr images import` takes. */
export interface Images {
  pause: string;
  /** The product's own image, from its Dockerfile. */
  retune: string;
  /** The same image with an engine that is told the processor has no AVX: another accelerator type on one machine. */
  retuneWithoutAvx: string;
}

const library = 'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1';
const name = 'docker.io/library/retune:latest';
/** A Debian with Node and npm. */
export const base = 'localhost/retune-test-base:latest';

/** A container that does nothing until it is told to end, and reaps what its pod leaves behind. */
const pauseSource = `
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void stop(int s) { exit(0); }
static void reap(int s) { while (waitpid(-1, NULL, WNOHANG) > 0); }
int main(void) {
  signal(SIGINT, stop); signal(SIGTERM, stop); signal(SIGCHLD, reap);
  for (;;) pause();
}
`;

/** Runs buildah with a storage of its own, so that the images of whoever uses this machine are left alone. */
export function buildah(args: string[]): Promise<string> {
  const storage = join(cache, 'buildah');
  const places = ['--root', storage, '--runroot', join(storage, 'run'), '--storage-driver', 'overlay'];
  return run('buildah', [...places, ...args]);
}

/** Builds `containerfile` in `context` and writes the image as an archive. */
export async function build(context: string, containerfile: string, tag: string, args: string[] = []): Promise<void> {
  await buildah([
    'bud',
    '--isolation',
    'chroot',
    '--layers',
    '--pull-never',
    '-f',
    containerfile,
    '-t',
    tag,
    ...args,
    context,
  ]);
}

async function archive(tag: string, reference: string, path: string): Promise<string> {
  await rm(path, { force: true });
  await buildah(['push', tag, `docker-archive:${path}:${reference}`]);
  return path;
}

/** Gives a folder to use that is gone afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'retune-image-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** npm as it runs on this machine; Node's own package brings none. */
async function npmFolder(): Promise<string> {
  const cli = process.env.npm_execpath ?? (await realpath((await run('which', ['npm'])).trim()));
  return dirname(dirname(cli));
}

/** Stands for the `node:24-slim` of registries: Debian's essential packages, this project's Node, this machine's npm. */
async function buildBase(): Promise<void> {
  const debian = join(cache, 'debian.tar');
  if (!existsSync(debian)) {
    const unfinished = `${debian}.unfinished.tar`;
    await run('mmdebstrap', ['--variant=essential', '--include=ca-certificates,libstdc++6', 'bookworm', unfinished]);
    await run('mv', [unfinished, debian]);
  }
  await inFolder(async (folder) => {
    await run('ln', [debian, join(folder, 'debian.tar')]).catch(() => cp(debian, join(folder, 'debian.tar')));
    await cp(process.execPath, join(folder, 'node'));
    await cp(await npmFolder(), join(folder, 'npm'), { recursive: true });
    // What this machine needs to reach its package registry, the image needs while it is built.
    const authorities = process.env.NODE_EXTRA_CA_CERTS ?? '/etc/ssl/certs/ca-certificates.crt';
    await cp(authorities, join(folder, 'ca-certificates.crt'));
    const registry = (await run('npm', ['config', 'get', 'registry'])).trim();
    await writeFile(join(folder, 'npmrc'), `registry=${registry}\ncafile=/etc/ssl/certs/ca-certificates.crt\n`);
    const lines = [
      'FROM scratch',
      'ADD debian.tar /',
      'COPY node /usr/local/bin/node',
      'COPY npm /usr/local/lib/node_modules/npm',
      'COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt',
      'COPY npmrc /root/.npmrc',
      'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm',
    ];
    await writeFile(join(folder, 'Containerfile'), lines.join('\n'));
    await build(folder, join(folder, 'Containerfile'), base);
  });
}

async function buildPause(path: string): Promise<string> {
  if (existsSync(path)) return path;
  return inFolder(async (folder) => {
    await writeFile(join(folder, 'pause.c'), pauseSource);
    await run('gcc', ['-static', '-O2', '-o', join(folder, 'pause'), join(folder, 'pause.c')]);
    const lines = ['FROM scratch', 'COPY pause /pause', 'USER 65535', 'ENTRYPOINT ["/pause"]'];
    await writeFile(join(folder, 'Containerfile'), lines.join('\n'));
    await build(folder, join(folder, 'Containerfile'), 'localhost/pause:1');
    return archive('localhost/pause:1', 'localhost/pause:1', path);
  });
}

/** Builds the product's image from its Dockerfile; layers are kept between runs. Its name in buildah's storage. */
export async function buildRetune(say: (line: string) => void): Promise<string> {
  await mkdir(cache, { recursive: true });
  say('building a base image from Debian packages');
  await buildBase();
  say('building the image of the Dockerfile');
  await build('.', 'Dockerfile', name, ['--build-arg', `BASE=${base}`]);
  return name;
}

/** The product's image, and what a node needs besides. */
export async function buildImages(say: (line: string) => void): Promise<Images> {
  await mkdir(cache, { recursive: true });
  const pause = await buildPause(join(cache, 'pause.tar'));
  await buildRetune(say);
  const retune = await archive(name, name, join(cache, 'retune.tar'));
  const retuneWithoutAvx = await inFolder(async (folder) => {
    const patched = await withoutAvx(library);
    await writeFile(join(folder, 'library'), patched);
    await writeFile(join(folder, 'Containerfile'), `FROM ${name}\nCOPY library /app/${library}\n`);
    await build(folder, join(folder, 'Containerfile'), 'localhost/retune-without-avx:latest');
    return archive('localhost/retune-without-avx:latest', name, join(cache, 'retune-without-avx.tar'));
  });
  return { pause, retune, retuneWithoutAvx };
}
