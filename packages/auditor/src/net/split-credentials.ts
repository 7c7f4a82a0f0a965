/** A URL as it may be shown and asked for, and what it carried in its user info: fetch takes no URL with both. */
export function splitCredentials(url: URL): {
  readonly bare: URL;
  readonly headers: Readonly<Record<string, string>>;
} {
  const bare = new URL(url);
  [bare.username, bare.password] = ['', ''];
  if (url.username === '') return { bare, headers: {} };
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { bare, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}
