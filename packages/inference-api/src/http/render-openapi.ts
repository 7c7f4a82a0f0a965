type Json = Record<string, unknown>;

const escapeHtml = (text: unknown): string =>
  String(text).replace(
    /[&<>"']/g,
    (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c] ?? c,
  );

/** `backticks` as code, in text that was escaped before. */
const prose = (text: unknown): string => escapeHtml(text ?? '').replace(/`([^`]+)`/g, '<code>$1</code>');

const refName = (schema: Json): string | undefined =>
  typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined;

const typeOf = (schema: Json): string => {
  const name = refName(schema);
  if (name) return `<a href="#schema-${escapeHtml(name)}">${escapeHtml(name)}</a>`;
  if (Array.isArray(schema.enum))
    return schema.enum.map((value) => `<code>${escapeHtml(value)}</code>`).join(' | ');
  if (schema.type === 'array') return `list of ${typeOf((schema.items ?? {}) as Json)}`;
  if (schema.type === 'object' && schema.properties) return propertiesOf(schema);
  return escapeHtml(schema.const ?? schema.type ?? 'any');
};

const propertiesOf = (schema: Json): string => {
  const required = (schema.required ?? []) as string[];
  const rows = Object.entries((schema.properties ?? {}) as Record<string, Json>).map(
    ([name, form]) =>
      `<tr><th scope="row"><code>${escapeHtml(name)}</code>${required.includes(name) ? '' : ' <small>optional</small>'}</th>` +
      `<td>${typeOf(form)}</td><td>${prose(form.description)}</td></tr>`,
  );
  return `<table><tbody>${rows.join('')}</tbody></table>`;
};

const contentOf = (content: Record<string, Json> | undefined): string =>
  Object.entries(content ?? {})
    .map(([type, { schema }]) => `<p><code>${escapeHtml(type)}</code>: ${typeOf((schema ?? {}) as Json)}</p>`)
    .join('');

const operationOf = (path: string, method: string, operation: Json): string => {
  const parameters = (operation.parameters ?? []) as Json[];
  const rows = parameters.map(
    (p) =>
      `<tr><th scope="row"><code>${escapeHtml(p.name)}</code> <small>${escapeHtml(p.in)}</small></th><td>${prose(p.description)}</td></tr>`,
  );
  const responses = Object.entries((operation.responses ?? {}) as Record<string, Json>).map(
    ([status, reply]) =>
      `<dt>${escapeHtml(status)}</dt><dd>${prose(reply.description)}${contentOf(reply.content as Record<string, Json>)}</dd>`,
  );
  const [security] = (operation.security ?? []) as { bearer?: string[] }[];
  const scope = security?.bearer
    ? `<p>Scope <code>${escapeHtml(security.bearer[0])}</code></p>`
    : '<p>Public</p>';
  const body = operation.requestBody as { content?: Record<string, Json> } | undefined;
  return `<section id="${escapeHtml(operation.operationId)}"><h3><code>${escapeHtml(method.toUpperCase())} ${escapeHtml(path)}</code></h3>
<p>${prose(operation.summary)}</p>${scope}${rows.length > 0 ? `<table><tbody>${rows.join('')}</tbody></table>` : ''}
${body ? `<h4>Body</h4>${contentOf(body.content)}` : ''}<h4>Answers</h4><dl>${responses.join('')}</dl></section>`;
};

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#1b1b1f;background:#fff}
code{font:0.9em ui-monospace,monospace}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;
padding:.25rem .5rem;border-top:1px solid #d5d5dd;font-weight:normal}section{margin:2rem 0;border-top:2px solid #1b1b1f}
a{color:#0b57d0}dt{font-weight:bold}small{color:#5f5f6b}h3,th,td,dd,p{overflow-wrap:anywhere}:root{color-scheme:light dark}
@media (max-width:40rem){dd{margin-left:1rem}td table{display:block}td,th{padding:.25rem}td:empty{padding:0}}
@media (prefers-color-scheme:dark){body{color:#e6e6ea;background:#17171a}
a{color:#8ab4f8}small{color:#a9a9b4}section{border-color:#e6e6ea}th,td{border-color:#3a3a42}}`;

/** A page without scripts and without anything from elsewhere, so that it opens under the strictest policy. */
export const renderOpenApi = (document: Json): string => {
  const { title, description } = document.info as Json;
  const operations = Object.entries(document.paths as Record<string, Record<string, Json>>).flatMap(
    ([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.map(({ operation }) => String((operation.tags as string[])[0])))];
  const schemas = Object.entries((document.components as { schemas: Record<string, Json> }).schemas);
  const nav = tags.map((tag) => `<a href="#${escapeHtml(tag)}">${escapeHtml(tag)}</a>`).join(' · ');
  const body = tags.map((tag) => {
    const own = operations.filter(({ operation }) => (operation.tags as string[])[0] === tag);
    return `<h2 id="${escapeHtml(tag)}">${escapeHtml(tag)}</h2>${own.map((o) => operationOf(o.path, o.method, o.operation)).join('')}`;
  });
  const forms = schemas.map(
    ([name, schema]) =>
      `<section id="schema-${escapeHtml(name)}"><h3>${escapeHtml(name)}</h3><p>${prose(schema.description)}</p>${typeOf(schema)}</section>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><main><h1>${escapeHtml(title)}</h1><p>${prose(description)}</p>
<p><a href="/openapi.json">OpenAPI 3.1</a> · ${nav} · <a href="#schemas">Schemas</a></p>${body.join('')}
<h2 id="schemas">Schemas</h2>${forms.join('')}</main></body></html>`;
};
