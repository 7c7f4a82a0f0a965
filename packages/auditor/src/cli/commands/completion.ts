import { Argument, type Command, type Option } from 'commander';
import { FINDINGS } from '../../findings/table.ts';
import { type Io, type Run, writeResult } from '../io.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

export function addCompletionCommand(program: Command, io: Io, run: Run): void {
  program
    .command('completion')
    .description('print a completion script: source <(testigo-audit completion bash)')
    .addArgument(new Argument('<shell>', 'shell').choices([...SHELLS]))
    .action((shell: Shell) =>
      run(async () => {
        await writeResult(io, writeCompletion(program, shell), undefined);
        return 0;
      }),
    );
}

interface Subcommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Option[];
}

/** Made from the program itself, so that a new command or option is completed without anybody thinking of it. */
export function writeCompletion(program: Command, shell: Shell): string {
  const commands = program.commands.map((command): Subcommand => {
    return { name: command.name(), description: command.description(), options: command.options };
  });
  if (shell === 'fish') return writeFish(commands);
  const bash = writeBash(commands);
  return shell === 'bash' ? bash : `autoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

function writeBash(commands: readonly Subcommand[]): string {
  const cases = commands.map(
    ({ name, options }) => `    ${name}) words="${options.map((option) => option.long).join(' ')}" ;;`,
  );
  const choices = [
    ...new Map(commands.flatMap(({ options }) => options).map((option) => [option.long, option])).values(),
  ]
    .filter((option) => option.argChoices !== undefined)
    .map(
      (option) =>
        `    ${option.long}) COMPREPLY=($(compgen -W "${option.argChoices?.join(' ')}" -- "$current")); return ;;`,
    );
  return `_testigo_audit() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  case "$previous" in
${choices.join('\n')}
    explain) COMPREPLY=($(compgen -W "${Object.keys(FINDINGS).join(' ')}" -- "$current")); return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')}" -- "$current")); return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _testigo_audit testigo-audit
`;
}

function writeFish(commands: readonly Subcommand[]): string {
  const quote = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  const names = commands.map(({ name }) => name).join(' ');
  const lines = commands.flatMap(({ name, description, options }) => [
    `complete -c testigo-audit -n "not __fish_seen_subcommand_from ${names}" -f -a ${name} -d ${quote(description)}`,
    ...options.map((option) => {
      const values = option.argChoices === undefined ? '' : ` -xa ${quote(option.argChoices.join(' '))}`;
      return `complete -c testigo-audit -n "__fish_seen_subcommand_from ${name}" -l ${option.long?.slice(2)}${option.required ? ' -r' : ''}${values} -d ${quote(option.description)}`;
    }),
  ]);
  const explain = `complete -c testigo-audit -n "__fish_seen_subcommand_from explain" -f -a ${quote(Object.keys(FINDINGS).join(' '))}`;
  return `${lines.join('\n')}\n${explain}\n`;
}
