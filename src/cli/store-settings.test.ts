import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeSettings } from './store-settings.ts';

test('a store is a folder of the node unless the environment says otherwise', () => {
  assert.deepEqual(storeSettings({}), { hostPath: '/var/lib/retune', mountPath: '/var/lib/retune' });
  assert.deepEqual(storeSettings({ RETUNE_STORE_HOST_PATH: '/mnt/models' }), {
    ...{ hostPath: '/mnt/models', mountPath: '/var/lib/retune' },
  });
  assert.deepEqual(storeSettings({ RETUNE_STORE: 'file:///data', RETUNE_STORE_CLAIM: 'models' }), {
    ...{ claimName: 'models', mountPath: '/data' },
  });
});

test('a store over the network comes with the names of a Secret and of a service account', () => {
  const environment = { RETUNE_STORE: 's3://models/retune?region=eu-central-1', RETUNE_STORE_SECRET: 'store' };
  assert.deepEqual(storeSettings(environment), { uri: environment.RETUNE_STORE, secretName: 'store' });
  const chosen = storeSettings(
    { ...environment, RETUNE_STORE_SERVICE_ACCOUNT: 'worker' },
    'oci://registry.example.com/a/b',
  );
  assert.deepEqual(chosen, {
    ...{ uri: 'oci://registry.example.com/a/b', secretName: 'store', serviceAccountName: 'worker' },
  });
});

test('what workers could not write to is refused before anything starts', () => {
  assert.throws(
    () => storeSettings({ RETUNE_STORE: 'https://models.example.com' }),
    /can only be read, and workers write/,
  );
  assert.throws(
    () => storeSettings({ RETUNE_STORE: 'models' }),
    /"models" is not an artifact store that can be opened/,
  );
  assert.throws(() => storeSettings({ RETUNE_STORE: 's3://a:b@models' }), /credentials in it/);
});
