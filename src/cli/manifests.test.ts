import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { problems } from '../api/validate.ts';
import { readManifests } from './manifests.ts';
import { withAbsoluteUris } from './relative-uris.ts';

const folder = await mkdtemp(join(tmpdir(), 'retune-manifests-'));
after(() => rm(folder, { recursive: true }));

const manifest = `
apiVersion: retune.dev/v1alpha1
kind: NASSearch
metadata: { name: beside }
spec:
  model: { uri: "file:./model.onnx" }
  data:
    heldout: { uri: file:../data/held out.npz }
    calibration: { uri: file:///models/calibration.npz }
`;

test('relative file URIs name files beside the manifest, wherever the CLI is called from', async () => {
  const path = join(folder, 'search.yaml');
  await writeFile(path, manifest);
  for (const given of [path, relative(process.cwd(), path)]) {
    const [search] = await readManifests(given);
    assert.ok(search);
    assert.deepEqual((search as unknown as { spec: unknown }).spec, {
      model: { uri: pathToFileURL(join(folder, 'model.onnx')).href },
      data: {
        heldout: { uri: pathToFileURL(join(folder, '../data/held out.npz')).href },
        calibration: { uri: 'file:///models/calibration.npz' },
      },
    });
    assert.deepEqual(problems(search), []);
  }
});

test('nothing else of a manifest is changed', () => {
  const kept = {
    list: [{ uri: 's3://bucket/file:./x' }, null, 1, 'file:./not-a-uri-field'],
    uri: 'file:///absolute',
    absent: undefined,
  };
  assert.deepEqual(withAbsoluteUris(kept, '/somewhere/search.yaml'), kept);
  assert.deepEqual(withAbsoluteUris({ uri: 'file:model.onnx' }, '/a/b.yaml'), { uri: 'file:///a/model.onnx' });
});
