/** The precisions of a layer by their codes, which are the choices of the rewrite: bits of the weights, ascending. */
export const precisions = ['INT4', 'INT8Dynamic', 'INT8Static', 'FP16', 'FP32'] as const;
export type LayerPrecision = (typeof precisions)[number];

export const codeOf = (precision: LayerPrecision): number => precisions.indexOf(precision);
export const precisionOf = (code: number): LayerPrecision | undefined => precisions[code];
