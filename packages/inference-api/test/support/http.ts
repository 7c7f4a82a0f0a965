export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
};

const readAnswer = async (response: Response): Promise<Answer> => {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } };
};

export const get = async (url: string, headers: Record<string, string> = {}): Promise<Answer> =>
  readAnswer(await fetch(url, { headers }));

export const post = async (
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  readAnswer(
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }),
  );

export const sendPicture = (
  url: string,
  picture: Uint8Array,
  fields: Record<string, unknown> = {},
): Promise<Answer> =>
  post(`${url}/v1/detections`, { image: Buffer.from(picture).toString('base64'), ...fields });
