/** What processes of their own load of this folder: see `Modules` of the worker. */
export { openStore } from './open.ts';
export { readUri } from './read.ts';
