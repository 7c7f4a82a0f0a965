// Loads the built package in a realm with nothing in it but ECMAScript, TextEncoder, TextDecoder, atob and btoa, its
// clock and randomness poisoned, and verifies an evidence bundle there. Run by purity.test.ts with the bundle on
// stdin; prints what the verification saw.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext, SourceTextModule } from 'node:vm';

const { bundle, verifierKey } = JSON.parse(readFileSync(0, 'utf8'));
const context = createContext({ TextEncoder, TextDecoder, atob, btoa, bundle, verifierKey });
const prelude = `
  const poison = (what) => () => { throw new Error('trail called ' + what); };
  globalThis.Date = new Proxy(Date, { get: poison('Date'), apply: poison('Date'), construct: poison('Date') });
  Math.random = poison('Math.random');
  globalThis.eval = poison('eval');
`;
const loaded = new Map();

function load(url) {
  const known = loaded.get(url);
  if (known) return known;
  if (!url.startsWith('file:')) throw new Error(`trail imports ${url}`);
  const module = new SourceTextModule(readFileSync(fileURLToPath(url), 'utf8'), { context, identifier: url });
  loaded.set(url, module);
  return module;
}

const main = `
  import * as trail from '${new URL('../dist/index.js', import.meta.url)}';
  const evidence = trail.parseEvidenceBundle(trail.utf8(bundle));
  const leafHash = trail.hashRecord(trail.fromBase64(evidence.record));
  const note = trail.openNote(evidence.checkpoint, [trail.newNoteVerifier(verifierKey)]);
  const { size, root } = trail.parseCheckpoint(note.body);
  const proof = evidence.inclusionProof.map((hash) => trail.fromHex(hash));
  export const seen = JSON.stringify({
    type: trail.parseRecord(trail.fromBase64(evidence.record)).type,
    verifiedBy: note.verifiedBy.length,
    included: trail.verifyInclusion({ leafHash, index: evidence.leafIndex, size, proof, root }),
  });
`;
runInContext(prelude, context);
const entry = new SourceTextModule(main, { context, identifier: import.meta.url });
await entry.link((specifier, parent) => load(import.meta.resolve(specifier, parent.identifier)));
await entry.evaluate();
process.stdout.write(entry.namespace.seen);
