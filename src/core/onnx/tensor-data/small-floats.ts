import { DataType } from './element-types.ts';

/** How a float of 16 bits or fewer is laid out: sign, exponent, mantissa, from the highest bit down. */
interface Layout {
  exponent: number;
  mantissa: number;
  bias: number;
  /** `ieee`: the highest exponent is infinity and NaN; `fn`: all ones is NaN; `fnuz`: minus zero is NaN. */
  special: 'ieee' | 'fn' | 'fnuz' | 'none';
}

const layouts: Record<number, Layout> = {
  [DataType.FLOAT16]: { exponent: 5, mantissa: 10, bias: 15, special: 'ieee' },
  [DataType.BFLOAT16]: { exponent: 8, mantissa: 7, bias: 127, special: 'ieee' },
  [DataType.FLOAT8E4M3FN]: { exponent: 4, mantissa: 3, bias: 7, special: 'fn' },
  [DataType.FLOAT8E4M3FNUZ]: { exponent: 4, mantissa: 3, bias: 8, special: 'fnuz' },
  [DataType.FLOAT8E5M2]: { exponent: 5, mantissa: 2, bias: 15, special: 'ieee' },
  [DataType.FLOAT8E5M2FNUZ]: { exponent: 5, mantissa: 2, bias: 16, special: 'fnuz' },
  [DataType.FLOAT4E2M1]: { exponent: 2, mantissa: 1, bias: 1, special: 'none' },
  [DataType.FLOAT6E2M3]: { exponent: 2, mantissa: 3, bias: 1, special: 'none' },
  [DataType.FLOAT6E3M2]: { exponent: 3, mantissa: 2, bias: 3, special: 'none' },
};

function decodeFloat(code: number, { exponent, mantissa, bias, special }: Layout): number {
  const sign = code >> (exponent + mantissa) ? -1 : 1;
  const power = (code >> mantissa) & (2 ** exponent - 1);
  const fraction = code & (2 ** mantissa - 1);
  const highest = power === 2 ** exponent - 1;
  if (special === 'ieee' && highest) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (special === 'fn' && highest && fraction === 2 ** mantissa - 1) return Number.NaN;
  if (special === 'fnuz' && sign < 0 && power === 0 && fraction === 0) return Number.NaN;
  if (power === 0) return sign * fraction * 2 ** (1 - bias - mantissa);
  return sign * (1 + fraction / 2 ** mantissa) * 2 ** (power - bias);
}

/**
 * The number that a code of a type narrower than 32 bits stands for (IEEE 754 halves, bfloat16, OCP FP8, MX FP6 and FP4,
 * two's complement INT4 and INT2); undefined for the types that are stored as plain numbers.
 */
export function decoderOf(type: number): ((code: number) => number) | undefined {
  const layout = layouts[type];
  if (layout) return (code) => decodeFloat(code, layout);
  if (type === DataType.FLOAT8E8M0) return (code) => (code === 255 ? Number.NaN : 2 ** (code - 127));
  if (type === DataType.UINT4 || type === DataType.UINT2) return (code) => code;
  if (type === DataType.INT4) return (code) => (code > 7 ? code - 16 : code);
  if (type === DataType.INT2) return (code) => (code > 1 ? code - 4 : code);
  return undefined;
}
