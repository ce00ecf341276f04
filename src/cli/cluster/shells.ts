import { UsageError } from './failures.ts';

const bash = `# source <(retune completions bash)
_retune() {
  local IFS=$'\\n'
  COMPREPLY=($(retune __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _retune retune`;

const zsh = `#compdef retune
# source <(retune completions zsh)
_retune() {
  local -a found
  found=(\${(f)"$(retune __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#found} )); then compadd -- $found; else _files; fi
}
compdef _retune retune`;

const fish = `# retune completions fish | source
function __retune_complete
    set -l words (commandline -opc)
    set -e words[1]
    retune __complete -- $words (commandline -ct) 2>/dev/null
end
complete -c retune -f -a '(__retune_complete)'`;

const scripts = new Map(Object.entries({ bash, zsh, fish }));
export const shells = [...scripts.keys()];

/** Prints the script for a shell. Throws UsageError. */
export function completions(shell: string): void {
  const script = scripts.get(shell);
  if (!script) {
    process.exitCode = 2;
    throw new UsageError(`there are no completions for "${shell}": give ${shells.join(', ')}`);
  }
  process.stdout.write(`${script}\n`);
}
