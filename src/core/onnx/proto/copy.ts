const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);

/** Fields of a TensorProto that hold its elements. */
const elements = new Set(['floatData', 'int32Data', 'stringData', 'int64Data', 'doubleData', 'uint64Data']);

/**
 * A copy of a message and of all messages inside it, presence of fields and unknown fields included. Bytes and the
 * elements of tensors are shared with the original.
 */
export function copyStructure<T>(message: T): T {
  if (Array.isArray(message)) return message.map(copyStructure) as T;
  if (!isObject(message)) return message;
  const result = Object.create(Object.getPrototypeOf(message));
  for (const [key, value] of Object.entries(message)) {
    result[key] = elements.has(key) || key === '$unknown' ? value : copyStructure(value);
  }
  return result;
}
