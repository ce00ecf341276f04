/**
 * A module of WebAssembly with vectors of 128 bits: JavaScript itself is too slow to fill a cache's bandwidth. Assembled
 * from
 *
 *   (module
 *     (memory (export "memory") 1)
 *     (func (export "triad") (param $a i32) (param $b i32) (param $c i32) (param $bytes i32) (param $s f64)
 *       (local $v v128) (local $end i32)
 *       (local.set $v (f64x2.splat (local.get $s)))
 *       (local.set $end (i32.add (local.get $a) (local.get $bytes)))
 *       (loop $next
 *         (v128.store (local.get $a)
 *           (f64x2.add (v128.load (local.get $b)) (f64x2.mul (local.get $v) (v128.load (local.get $c)))))
 *         … and the same at offsets 16, 32 and 48 …
 *         (local.set $a (i32.add (local.get $a) (i32.const 64)))
 *         (local.set $b (i32.add (local.get $b) (i32.const 64)))
 *         (local.set $c (i32.add (local.get $c) (i32.const 64)))
 *         (br_if $next (i32.lt_u (local.get $a) (local.get $end))))))
 */
const assembled =
  'AGFzbQEAAAABCQFgBX9/f398AAMCAQAFAwEAAQcSAgZtZW1vcnkCAAV0cmlhZAAACqABAZ0BAgF7AX8gBP0UIQUgACADaiEGA0AgACAB/QAEACAF' +
  'IAL9AAQA/fIB/fAB/QsEACAAIAH9AAQQIAUgAv0ABBD98gH98AH9CwQQIAAgAf0ABCAgBSAC/QAEIP3yAf3wAf0LBCAgACAB/QAEMCAFIAL9AAQw' +
  '/fIB/fAB/QsEMCAAQcAAaiEAIAFBwABqIQEgAkHAAGohAiAAIAZJDQALCw==';

/** What is used of the WebAssembly JavaScript Interface; Node's types leave it to those of browsers. */
interface Memory {
  buffer: ArrayBuffer;
  grow(pages: number): number;
}
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: object };
};

const pageBytes = 65_536;

/** Three arrays of 64-bit floats that lie one after the other. */
export interface Triad {
  a: Float64Array;
  b: Float64Array;
  c: Float64Array;
  /** a[i] = b[i] + scale · c[i] for all of them. */
  run(scale: number): void;
}

/** Arrays of `length` elements, which is rounded up to eight. Throws where there is not that much memory. */
export function triadOf(length: number): Triad {
  const module = new WebAssembly.Module(Buffer.from(assembled, 'base64'));
  const { memory, triad } = new WebAssembly.Instance(module).exports as {
    memory: Memory;
    triad(a: number, b: number, c: number, bytes: number, scale: number): void;
  };
  const elements = Math.ceil(length / 8) * 8;
  const bytes = 8 * elements;
  memory.grow(Math.ceil((3 * bytes) / pageBytes));
  const array = (index: number) => new Float64Array(memory.buffer, index * bytes, elements);
  return { a: array(0), b: array(1), c: array(2), run: (scale) => triad(0, bytes, 2 * bytes, bytes, scale) };
}
