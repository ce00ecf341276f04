export async function quantization(): Promise<object> {
  return {};
}
