import { rewriteContract } from '../../../../../test/contract/rewrite.ts';
import {
  denseNet,
  groupedNet,
  inputs,
  mlp,
  mobileNet,
  residualNet,
  transformer,
} from '../../../../../test/rewrites/networks.ts';
import { pruneChannels } from './prune-channels.ts';
import { pruneHeads } from './prune-heads.ts';
import { pruneNeurons } from './prune-neurons.ts';

rewriteContract(pruneChannels({ roundTo: 2 }), [
  { name: 'a residual network', model: residualNet(), calibration: inputs([16, 3, 8, 8]) },
  { name: 'a depthwise block with a gate', model: mobileNet(), calibration: inputs([16, 4, 6, 6]) },
  { name: 'a grouped Conv and a shuffle', model: groupedNet(), calibration: inputs([16, 4, 5, 5]) },
  { name: 'a dense block', model: denseNet(), calibration: inputs([16, 3, 6, 6]) },
]);

rewriteContract(pruneNeurons({ roundTo: 4 }), [
  { name: 'an MLP', model: mlp(), calibration: inputs([64, 6]) },
  { name: 'a transformer block', model: transformer('constant'), calibration: inputs([8, 5, 16]) },
]);

rewriteContract(pruneHeads(), [
  { name: 'attention of constant shapes', model: transformer('constant', 2), calibration: inputs([8, 5, 16]) },
  { name: 'attention of computed shapes', model: transformer('computed'), calibration: inputs([8, 5, 16]) },
  { name: 'attention of one projection', model: transformer('joined'), calibration: inputs([8, 5, 16]) },
]);
