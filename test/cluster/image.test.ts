/** The image of the Dockerfile, as it is: what is in it, who may write there, and that it runs without anything else. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Bom } from '../../scripts/image/sbom.ts';
import { allBlocks } from '../docs/blocks.ts';
import { say, whyNot } from './cluster.ts';
import { type Found, filesOf, installedPackages, lockedPackages, writableByOthers } from './image-files.ts';
import { base, build, buildah, buildRetune, inFolder } from './images.ts';
import { packages } from './packages.ts';
import { run } from './process.ts';

const reason = process.env.RETUNE_TEST_REQUIRE_CLUSTER ? undefined : whyNot();
const mostBytes = 300e6;
const sum = (sizes: number[]) => sizes.reduce((total, size) => total + size, 0);

describe('the image', { skip: reason }, () => {
  let image: string;
  let container: string;
  /** Its files, on this machine. */
  let root: string;
  let files: Found[];
  let bom: Bom;

  before(async () => {
    await packages(say);
    image = await buildRetune(say);
    container = (await buildah(['from', '--pull-never', image])).trim();
    root = (await buildah(['mount', container])).trim();
    files = await filesOf(root);
    bom = JSON.parse(await readFile(join(root, 'app/sbom.cdx.json'), 'utf8')) as Bom;
  });
  after(async () => {
    if (container) await buildah(['rm', container]);
  });

  /** Runs a program of the image as its user would in a pod: its own files, none of which can be written, and no variable. */
  const inImage = (...command: string[]) => {
    const confined =
      'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec chroot --userspec=65532:65532 "$0" "$@"';
    const env = { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
    return run('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', confined, root, ...command], { env });
  };

  test('it is run by nobody in particular, and its entry point is a program', async () => {
    const { OCIv1 } = JSON.parse(await buildah(['inspect', '--type', 'image', image])) as {
      OCIv1: { config: { User: string; Entrypoint: string[]; Cmd: string[] } };
    };
    const { User, Entrypoint, Cmd } = OCIv1.config;
    assert.deepEqual(
      { User, Entrypoint, Cmd },
      {
        ...{ User: '65532:65532', Entrypoint: ['node', '/app/dist/cli/main.js'], Cmd: ['operator'] },
      },
    );
  });

  test('it is below 300 MB as it lies on a node, and less on its way there', async () => {
    const unpacked = sum(files.filter(({ stats }) => stats.isFile()).map(({ stats }) => stats.size));
    await inFolder(async (folder) => {
      await buildah(['push', image, `oci:${folder}/image:latest`]);
      const blobs = join(folder, 'image/blobs/sha256');
      const packed = sum(
        await Promise.all((await readdir(blobs)).map(async (name) => (await stat(join(blobs, name))).size)),
      );
      say(`the image is ${(unpacked / 1e6).toFixed(0)} MB, ${(packed / 1e6).toFixed(0)} MB compressed`);
      assert.ok(unpacked < mostBytes, `${unpacked} bytes`);
      assert.ok(packed < unpacked, `${packed} bytes compressed`);
    });
  });

  test('it has no shell, no package manager and nothing that runs as somebody else', () => {
    const programs = files.filter(({ path }) => /^\/(usr\/)?(local\/)?s?bin\/./.test(path)).map(({ path }) => path);
    assert.deepEqual(programs, ['/usr/local/bin/node']);
    assert.deepEqual(
      files.filter(({ stats }) => stats.isFile() && (stats.mode & 0o6000) !== 0),
      [],
    );
  });

  test('of engines it has that of this platform', async () => {
    const native = files.filter(({ path }) => /\.(node|so|dylib|dll)([.\d]*)$/.test(path) && path.startsWith('/app/'));
    const own = `/app/node_modules/onnxruntime-node/bin/napi-v6/linux/${process.arch}/`;
    assert.ok(native.length > 0);
    assert.deepEqual(
      native.filter(({ path }) => !path.startsWith(own)).map(({ path }) => path),
      [],
    );
  });

  test('its packages are those of the lock file for production, and its list of them is whole', async () => {
    const installed = await installedPackages(root, files);
    assert.deepEqual(installed, lockedPackages(await readFile('package-lock.json', 'utf8')));
    const listed = bom.components.filter(({ purl }) => purl.startsWith('pkg:npm/'));
    const names = listed.map(({ name, version }) => `${name}@${version}`);
    // A package that lies there twice in one version is one component.
    assert.deepEqual(names.sort(), [...new Set(installed)]);
    for (const dependency of Object.keys(JSON.parse(await readFile('package.json', 'utf8')).dependencies)) {
      assert.ok(
        listed.some(({ name }) => name === dependency),
        dependency,
      );
    }
  });

  test('Node and what it has of Debian are listed too, and dpkg would find them', async () => {
    const others = bom.components.filter(({ purl }) => !purl.startsWith('pkg:npm/')).map(({ name }) => name);
    const recorded = await readdir(join(root, 'var/lib/dpkg/status.d'));
    assert.deepEqual(others.sort(), [...recorded, 'node'].sort());
    assert.equal(
      `v${bom.components.find(({ name }) => name === 'node')?.version}`,
      (await inImage('node', '--version')).trim(),
    );
    const ofDebian = (path: string) => /\/lib\/.*\.so[.\d]*$/.test(path) && !path.startsWith('/app/');
    for (const name of recorded.filter((one) => one !== 'base-files')) {
      assert.ok(
        files.some(({ path }) => path.startsWith(`/usr/share/doc/${name}`)),
        `the licence of ${name}`,
      );
    }
    assert.ok(files.some(({ path }) => ofDebian(path)));
  });

  test('its user may write nothing of it, not even where the root file system could be written', () => {
    const writable = files.filter(
      (file) => writableByOthers(file) || file.stats.uid !== 0 || file.stats.gid === 65_532,
    );
    // The folders for temporary files, which anybody may write in and which are empty.
    assert.deepEqual(writable.map(({ path }) => path).sort(), ['/tmp', '/var/tmp']);
    assert.deepEqual(
      files.filter(({ path }) => /^\/(tmp|var\/tmp)\//.test(path)),
      [],
    );
  });

  test('it says what it can do, with a root that nobody can write', async () => {
    assert.match(await inImage('node', '/app/dist/cli/main.js', '--help'), /^Usage: retune/);
    const inspected = await inImage(
      'node',
      '/app/dist/cli/main.js',
      'inspect',
      '/app/examples/quickstart/supernet.onnx',
    );
    assert.match(inspected, /logits/);
  });

  test('nothing that any command loads was left out: its modules, the engine, what browsers get', async () => {
    const script = `
      import { readFileSync } from 'node:fs';
      const cli = '/app/dist/cli/';
      for (const from of ['main.js', 'cluster/commands.js']) {
        const called = readFileSync(cli + from, 'utf8').matchAll(/import\\('([^']+)'\\)/g);
        for (const [, name] of called) await import(new URL(name, 'file://' + cli + from));
      }
      const { engine } = await import('/app/dist/engines/onnxruntime/onnxruntime.js');
      const session = await engine.load(readFileSync('/app/examples/quickstart/supernet.onnx'), { threads: 1, graphOptimization: 'All' });
      const { assets } = await import('/app/dist/observe/page/assets.js');
      const { scripts } = await assets();
      console.log(JSON.stringify([session.outputs.map(({ name }) => name), scripts.map(({ text }) => text.length > 1000)]));
      process.exit(0);`;
    const said = await inImage('node', '--input-type=module', '--eval', script);
    assert.deepEqual(JSON.parse(said), [['logits'], [true, true]]);
  });

  test('put into an image that has more, it is a worker there', async () => {
    const page = allBlocks().find((one) => one.page === 'docs/trainer.md' && one.language === 'dockerfile');
    assert.ok(page);
    const [from, ...lines] = page.text.replaceAll('--from=retune:latest', `--from=${image}`).split('\n');
    assert.match(from ?? '', /^FROM python/);
    const made = await inFolder(async (folder) => {
      await writeFile(join(folder, 'train.py'), '');
      // Any Debian stands for the one with Python; what matters is that Retune runs on what it brings.
      await writeFile(
        join(folder, 'Containerfile'),
        [`FROM ${base}`, 'RUN rm /usr/local/bin/node', ...lines].join('\n'),
      );
      await build(folder, join(folder, 'Containerfile'), 'localhost/retune-with-more:latest');
      return (await buildah(['from', '--pull-never', 'localhost/retune-with-more:latest'])).trim();
    });
    try {
      const said = await buildah([
        'run',
        '--isolation',
        'chroot',
        made,
        'node',
        '/app/dist/cli/main.js',
        'worker',
        '--help',
      ]);
      assert.match(said, /what worker pods run/);
    } finally {
      await buildah(['rm', made]);
    }
  });
});
