import { embeddedKinds } from '../../src/cli/embedded-kinds.ts';
import { EmbeddedApi } from '../../src/runtime/cluster/embedded/api/api.ts';
import { clusterContract } from './cluster.ts';

clusterContract('embedded', async () => ({ cluster: new EmbeddedApi(embeddedKinds), namespace: 'contract' }));
