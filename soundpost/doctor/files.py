"""Permissions: what only its owner may read, and folders that nobody else may write; and the config itself."""

import pathlib
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from soundpost.doctor.subject import Subject
from soundpost.doctor.verdict import Verdict, failed, passed, warned

STALE_S = 60.0
"""Four times as long as a gateway leaves between (gateway/watching/textfile.py)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file or folder. name : of one that is not there, of the setting that names it: what stands there may be the
    secret itself. mode : None where it is not there. owner : None where that is nobody's business."""

    name: str
    mode: int | None
    owner: int | None = 0


def judge_config(faults: Sequence[tuple[str, str]], names: Iterable[str]) -> list[Verdict]:
    """names : the configs that were read. A fault is told as the programs themselves tell it."""
    bad = {name for name, _ in faults}
    good = [passed("config", "is good", name) for name in names if name not in bad]
    return [*good, *(failed("config", words, "mend that line; --check says when it is good", n) for n, words in faults)]


def judge_secrets(files: Sequence[Seen], user: int | None) -> list[Verdict]:
    """user : who owns the journal, so whose program must read them; None where that is not known. One line where all
    are well."""
    found = [verdict for each in files if (verdict := _judge_secret(each, user)) is not None]
    return found or [passed("permissions", f"{len(files)} secret files, each for its owner alone")]


def _judge_secret(file: Seen, user: int | None) -> Verdict | None:
    if file.mode is None:
        return failed("permissions", "there is no file of that name", "make it, or mend the name", file.name)
    if file.mode & 0o077:
        return failed("permissions", f"mode {file.mode:04o}: others can use it", f"chmod 600 {file.name}", file.name)
    if None not in (user, file.owner) and file.owner not in (user, 0):
        says = f"belongs to user {file.owner}, the journal to {user}: the gateway may not be able to read it"
        return warned("permissions", says, f"chown {user} {file.name}", file.name)
    return None


def judge_folders(folders: Sequence[Seen]) -> list[Verdict]:
    """Who may write a folder may put another key in place of one."""
    open_ones = [each for each in folders if each.mode is not None and each.mode & 0o002 and not each.mode & 0o1000]
    gone = [each for each in folders if each.mode is None]
    found = [
        failed("folders", "everybody may write into it", f"chmod o-w {each.name}", each.name) for each in open_ones
    ]
    found += [warned("folders", "is not there", f"mkdir -m 700 {each.name}", each.name) for each in gone]
    return found or [passed("folders", f"{len(folders)} folders, none that everybody may write")]


def judge_source(file: Seen) -> Verdict:
    """What a node listens to, where that is a file or a pipe."""
    if file.mode is None:
        return failed("source", "is not there", "mend [source] of node.toml", file.name)
    return passed("source", "is there", file.name)


def judge_metrics(age_s: float | None, name: str) -> Verdict:
    """age_s : since gateway or node wrote its figures; None where it never did."""
    if age_s is None:
        return failed("metrics", "were never written", "may its user write that folder? see its log", name)
    says = f"written {age_s:.0f} s ago"
    if age_s > STALE_S:
        return failed("metrics", says, "is it running? may it write that folder? see its log", name)
    return passed("metrics", says, name)


def check_metrics(path: pathlib.Path, now_s: float) -> list[Verdict]:
    """Look at the file's age."""
    try:
        return [judge_metrics(max(0.0, now_s - path.stat().st_mtime), str(path))]
    except OSError:
        return [judge_metrics(None, str(path))]


def look(path: pathlib.Path) -> Seen:
    """What a name leads to. What may not be looked at counts as not there."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return Seen(str(path), None)
    return Seen(str(path), stat.S_IMODE(found.st_mode), found.st_uid)


def check_files(subject: Subject) -> list[Verdict]:
    """Look at them. What no config names the gateway does not read (the broker's own): there the owner is free."""
    owner = None if subject.journal is None or (seen := look(subject.journal)).mode is None else seen.owner
    secrets = []
    for path, where in subject.secret_files().items():
        seen = look(path)
        if where:
            secrets.append(Seen(where, None) if seen.mode is None else seen)
        else:
            secrets.append(Seen(seen.name, seen.mode, None))
    return [*judge_secrets(secrets, owner), *judge_folders([look(path) for path in folders_of(subject)])]


def folders_of(subject: Subject) -> list[pathlib.Path]:
    """Where the programs of this config keep things."""
    kept = [subject.folder, subject.state_dir, subject.journal.parent if subject.journal else None]
    if subject.evidence is not None:
        kept.append(subject.folder / subject.evidence.folder)
    if subject.web is not None:
        kept.append((subject.folder / subject.web.database).parent)
    return list(dict.fromkeys(path for path in kept if path is not None))
