/** One batch of proposals in a process of its own, so that its memory can be told: arguments are trials, batch, seed. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { evolutionSampler } from '../../src/core/search/samplers/evolution.ts';
import { surrogateSampler } from '../../src/core/search/samplers/surrogate.ts';
import { randomCandidate } from '../../src/core/search/space.ts';
import { evaluate, made, space } from './proposal/task.ts';

const [trials = 0, batch = 0, seed = 0] = process.argv.slice(3).map(Number);
const sampler = process.argv[2] === 'evolution' ? evolutionSampler : surrogateSampler;
const random = xoroshiro128plus(seed);
const history = made(trials, () => {
  const candidate = randomCandidate(space, random);
  return { candidate, objectives: evaluate(candidate) };
});
const restingBytes = process.memoryUsage().rss;
const started = process.cpuUsage();
const from = performance.now();
const proposed = sampler(space, history, batch, seed);
const ms = performance.now() - from;
const { user, system } = process.cpuUsage(started);
const peakBytes = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ proposed: proposed.length, ms, cpuMs: (user + system) / 1000, restingBytes, peakBytes }));
