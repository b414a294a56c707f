"""Man pages (man(7)) of the commands: one of each, and one of `soundpost`."""

from collections.abc import Sequence

from deploy.package.commands import Command
from soundpost.__main__ import COMMANDS

STATUS = """\
.SH EXIT STATUS
0 done; 1 bad input, said in one line on standard error, and nothing half written; 2 wrong usage.
"""
FILES = """\
.SH FILES
.TP
/etc/soundpost/street
what soundpost init makes; gateway.toml in it has every setting explained
.TP
/var/lib/soundpost
the journal, and what else services write
.TP
/usr/share/doc/soundpost-gateway, /usr/share/doc/soundpost-node
the pages of the handbook
"""


def pages(commands: Sequence[Command], version: str) -> dict[str, str]:
    """File name -> text."""
    named = {f"soundpost-{each.words[0]}.1": _page(each, version) for each in commands}
    return {"soundpost.1": _overview(version), **named}


def _head(name: str, what: str, version: str) -> str:
    title = name.replace(" ", "-")
    return f'.TH {title.upper()} 1 "" "Soundpost {escaped(version)}"\n.SH NAME\n{title} \\- {escaped(what)}\n'


def _overview(version: str) -> str:
    rows = "".join(
        f".TP\n.B soundpost {name}\n{escaped(text)}: soundpost\\-{name}(1)\n" for name, text in COMMANDS.items()
    )
    usage = ".SH SYNOPSIS\nsoundpost COMMAND ...\n.br\nsoundpost \\-\\-version\n"
    what = "hears a gunshot from the street lights, places it, and makes the street react"
    return f"{_head('soundpost', what, version)}{usage}.SH COMMANDS\n{rows}{STATUS}{FILES}"


def _page(command: Command, version: str) -> str:
    name = command.words[0]
    text = _head(f"soundpost {name}", COMMANDS[name], version)
    text += f".SH SYNOPSIS\n{escaped(command.usage)}\n.SH DESCRIPTION\n{escaped(command.description)}\n"
    text += _options(command, ".SH OPTIONS")
    inner = [each for each in command.all() if each is not command]
    if inner:
        text += ".SH COMMANDS\n"
    for each in inner:
        text += f".SS soundpost {' '.join(each.words)}\n{escaped(each.usage)}\n.PP\n{escaped(each.description)}\n"
        text += _options(each, "") + (f".PP\nFor example:\n{_example(each)}" if each.epilog else "")
    if command.epilog:
        text += f".SH EXAMPLE\n{_example(command)}"
    return text + STATUS + ".SH SEE ALSO\nsoundpost(1)\n"


def _example(command: Command) -> str:
    """The lines as they are typed."""
    shown = command.epilog.removeprefix("example:").removeprefix("examples:").strip("\n")
    return f".nf\n{escaped(shown)}\n.fi\n"


def _options(command: Command, head: str) -> str:
    rows = [f"{head}\n"] if head else []
    for each in command.options:
        name = ", ".join(f"\\fB{escaped(flag)}\\fR" for flag in each.flags)
        rows.append(f".TP\n{' '.join(part for part in (name, escaped(each.value)) if part)}\n{escaped(each.help)}\n")
    return "".join(rows)


def escaped(text: str) -> str:
    """Nothing of it is a command of man(7), and a dash is the one that is typed (groff_char(7))."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join(f"\\&{line}" if line[:1] in (".", "'") else line for line in lines)
