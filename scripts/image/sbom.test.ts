import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bom, debianComponent, merged, nodeComponent } from './sbom.ts';

const status = `Package: libstdc++6
Status: install ok installed
Architecture: amd64
Version: 1:12.2.0-14+deb12u1
Description: GNU Standard C++ Library v3
 Version: of the description
`;

test('a package of Debian is named by a package URL that scanners resolve', () => {
  const { name, version, purl } = debianComponent(status, '12');
  assert.deepEqual([name, version], ['libstdc++6', '1:12.2.0-14+deb12u1']);
  assert.equal(purl, 'pkg:deb/debian/libstdc%2B%2B6@1%3A12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12');
  assert.throws(() => debianComponent('Package: libc6\n', '12'), /it has no Version/);
});

test("npm's list keeps what it says, but for the folder it was made in and where its packages came from", () => {
  const zod = {
    ...{ 'bom-ref': 'zod@4.6.7', type: 'library', name: 'zod', version: '4.6.7', purl: 'pkg:npm/zod@4.6.7' },
    hashes: [{ alg: 'SHA-512', content: '00' }],
  };
  const website = { type: 'website', url: 'https://zod.dev' };
  const npm = {
    ...{ bomFormat: 'CycloneDX', specVersion: '1.5' },
    metadata: { component: { ...zod, name: 'app' } },
    components: [
      { ...zod, externalReferences: [website, { type: 'distribution', url: 'https://mirror.example/zod.tgz' }] },
    ],
  } as Bom;
  assert.deepEqual(merged(npm, 'retune', [nodeComponent('24.21.0')]), {
    ...npm,
    metadata: { component: { ...zod, name: 'retune' } },
    components: [{ ...zod, externalReferences: [website] }, nodeComponent('24.21.0')],
  });
});
