#!/usr/bin/env node
import { exitCodeOf } from '@testigo/trail';
import { createNarrator } from './narrator.ts';
import { parseOptions } from './options.ts';
import { tellStory } from './story.ts';

const INTERRUPTED = 130;

const interruption = (): Promise<void> =>
  new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });

async function main(): Promise<number> {
  const options = parseOptions(process.argv);
  const narrator = createNarrator((line) => process.stdout.write(`${line}\n`), process.stdout);
  narrator.say('Testigo: one reading travels the whole way.\n');
  const interrupted = interruption();
  const story = tellStory(options, narrator);
  const ending = await Promise.race([story, interrupted]);
  // Nothing to tidy but a temporary folder, and whatever is under way would only delay the prompt.
  if (!ending) return INTERRUPTED;
  narrator.conclude(ending.outcome, ending.sentence);
  if (!options.once) {
    narrator.say(`\nThe API stays up at ${ending.api.url} until you press Ctrl-C.`);
    narrator.say('To audit it yourself, in this folder and in another terminal:');
    for (const command of ending.suggestions) narrator.say(`  ${command}`);
    await interrupted;
  }
  await ending.close();
  return exitCodeOf(ending.outcome);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`testigo: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
