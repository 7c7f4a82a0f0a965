/**
 * The body of an answer, read as it comes and given up as soon as it is larger than anything honest: its stated length
 * need not be true, and a body without end would take all memory before a timeout.
 * @throws Error
 */
export async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    // leaving the loop cancels the rest
    if (length > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : new Uint8Array(Buffer.concat(chunks));
}

/** As {@link readBody}, as JSON. @throws Error */
export async function readJson(response: Response, maxBytes: number): Promise<unknown> {
  const text = new TextDecoder().decode(await readBody(response, maxBytes));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`HTTP ${response.status}, and the answer is not JSON`, { cause });
  }
}
