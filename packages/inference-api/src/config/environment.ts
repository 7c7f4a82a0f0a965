export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// 08080 or 0x10 are not what anybody means; everything but plain numbers and booleans stays text.
const readScalar = (text: string): unknown => {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^(0|[1-9]\d{0,15})(\.\d+)?$/.test(text) ? Number(text) : text;
};

/** Names of the project's other programs and examples: none of them is a setting of this service. */
const NOT_SETTINGS = new Set([
  'TESTIGO_CONFIG',
  'TESTIGO_DATA',
  'TESTIGO_URL',
  'TESTIGO_TOKEN',
  'TESTIGO_WEBHOOK_SECRET',
  'TESTIGO_AUDITOR_KEY',
]);

/** TESTIGO_SERVER__PORT=9000 sets server.port; names are split at double underscores, words at single ones. */
export const readEnvironment = (env: NodeJS.ProcessEnv): Record<string, unknown> => {
  const config: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(env)) {
    if (
      !name.startsWith('TESTIGO_') ||
      // Compose files pass on what is unset as empty.
      value === undefined ||
      value === '' ||
      NOT_SETTINGS.has(name)
    )
      continue;
    const path = name
      .slice('TESTIGO_'.length)
      .split('__')
      .map((part) => part.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()));
    let at = config;
    for (const key of path.slice(0, -1)) {
      if (!isRecord(at[key])) at[key] = {};
      at = at[key] as Record<string, unknown>;
    }
    at[path.at(-1) ?? ''] = readScalar(value);
  }
  return config;
};
