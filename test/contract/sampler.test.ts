import { evolutionSampler } from '../../src/core/search/samplers/evolution.ts';
import { guidedSampler } from '../../src/core/search/samplers/guided.ts';
import { randomSampler } from '../../src/core/search/samplers/random.ts';
import { surrogateSampler } from '../../src/core/search/samplers/surrogate.ts';
import { samplerContract } from './sampler.ts';

samplerContract('random', randomSampler);
samplerContract('evolution', evolutionSampler);
samplerContract('guided', guidedSampler);
samplerContract('surrogate', surrogateSampler);
