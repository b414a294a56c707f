"""What bash and zsh offer after TAB: one table for both, of the commands' own parsers. A value is a file unless it is
one of a few words."""

from collections.abc import Sequence

from deploy.package.commands import Command
from soundpost.__main__ import COMMANDS

BASH = """\
# bash completion for soundpost, made of its parsers
_soundpost() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" path="" at i
    for ((i = 1; i < COMP_CWORD; i++)); do
        at="${{path:+$path }}${{COMP_WORDS[i]}}"
        case "$at" in
            {paths}) path="$at" ;;
        esac
    done
    local words="" values=""
    case "$path" in
{words}    esac
    case "$path $before" in
{values}    esac
    if [ -n "$values" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
    elif [ -z "$path" ] || [ "${{word:0:1}}" = "-" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word"; compgen -f -- "$word")
    fi
}}
complete -o filenames -F _soundpost soundpost
"""
ZSH = """\
#compdef soundpost
# zsh completion for soundpost, made of its parsers
_soundpost() {{
    local path_="" at word before="${{words[CURRENT-1]}}"
    local -a offered
    for word in "${{(@)words[2,CURRENT-1]}}"; do
        at="${{path_:+$path_ }}$word"
        case "$at" in
            ({paths}) path_="$at" ;;
        esac
    done
    case "$path_ $before" in
{values}    esac
    if (( $#offered )); then
        compadd -a offered
        return
    fi
    case "$path_" in
{words}    esac
    compadd -a offered
    [[ -z "$path_" ]] || _files
}}
_soundpost "$@"
"""


def bash(commands: Sequence[Command]) -> str:
    """The text of /usr/share/bash-completion/completions/soundpost."""
    words = "".join(f'        "{path}") words="{" ".join(offered)}" ;;\n' for path, offered in _words(commands))
    values = "".join(f'        "{at}") values="{" ".join(offered)}" ;;\n' for at, offered in _values(commands))
    return BASH.format(paths=_paths(commands), words=words, values=values)


def zsh(commands: Sequence[Command]) -> str:
    """The text of /usr/share/zsh/vendor-completions/_soundpost."""
    words = "".join(f'        ("{path}") offered=({" ".join(offered)}) ;;\n' for path, offered in _words(commands))
    values = "".join(f'        ("{at}") offered=({" ".join(offered)}) ;;\n' for at, offered in _values(commands))
    return ZSH.format(paths=_paths(commands), words=words, values=values)


def _paths(commands: Sequence[Command]) -> str:
    return "|".join(f'"{" ".join(each.words)}"' for command in commands for each in command.all())


def _words(commands: Sequence[Command]) -> list[tuple[str, list[str]]]:
    """What may stand after each command: its options, and the commands within it."""
    rows = [("", [*COMMANDS, "--version", "--help"])]
    for each in (inner for command in commands for inner in command.all()):
        flags = [flag for option in each.options for flag in option.flags]
        rows.append((" ".join(each.words), [*(verb.words[-1] for verb in each.verbs), *flags]))
    return rows


def _values(commands: Sequence[Command]) -> list[tuple[str, list[str]]]:
    """What may stand after an option that takes one of a few words."""
    rows = []
    for each in (inner for command in commands for inner in command.all()):
        for option in (option for option in each.options if option.choices):
            rows += [(f"{' '.join(each.words)} {flag}", list(option.choices)) for flag in option.flags]
    return rows
