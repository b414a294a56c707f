"""Keys and the broker's identities that change together: written at once, and then told to a broker that runs."""

import contextlib
import pathlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from soundpost.broker.identities import Identities, Plan, street_beside
from soundpost.broker.telling import tell
from soundpost.broker.texts import BROKER, GATEWAY
from soundpost.private_files import write_private

CERTIFIED = (BROKER, GATEWAY)
"""Who has a certificate and is no node."""


def certified(names: Collection[str], keys: pathlib.Path) -> list[str]:
    """Those of the names that only have a certificate, where there is a broker."""
    return [name for name in names if name in CERTIFIED] if street_beside(keys) else []


def change(
    keys: pathlib.Path,
    texts: Mapping[str, str],
    instead: Collection[str],
    renew: Mapping[str, str] | None = None,
    remove: Collection[str] = (),
) -> str:
    """Write texts into the keys folder, and what goes with them into the street's, all or nothing; tell the broker.

    renew : name -> its new key ("": it has none). Comes back: what became of the broker, in words, "" without one.
    Raises ValueError or OSError; then everything is as it was.
    """
    street = street_beside(keys)
    if street is None:
        write_private(keys, texts, instead)
        return ""
    identities = Identities(street, datetime.now(UTC))
    for name, key in (renew or {}).items():
        identities.renew(name)
        if key:
            identities.plan.texts[f"nodes/{name}/{name}.key"] = f"{key}\n"
    for name in remove:
        identities.remove(name)
    write_plan(street, {f"keys/{name}": text for name, text in texts.items()}, identities.plan, instead)
    return tell(street, [*(renew or {}), *remove], identities.plan.restart)


def write_plan(street: pathlib.Path, texts: Mapping[str, str], plan: Plan, instead: Collection[str]) -> None:
    """All of it at once; what goes, goes last. instead : of texts, those that may stand in place of what is there."""
    whole = {**plan.texts, **texts}
    made = _make_folders(street, whole)
    try:
        write_private(street, whole, {*plan.texts, *(f"keys/{name}" for name in instead)})
    except (OSError, ValueError):
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
    for path in plan.gone:
        (street / path).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            (street / path).parent.rmdir()  # only where nothing is left in it


def _make_folders(street: pathlib.Path, paths: Collection[str]) -> list[pathlib.Path]:
    """Those that are not there yet, for their owner only."""
    made = []
    within = {folder for path in paths for folder in (street / path).parents if folder.is_relative_to(street)}
    for folder in sorted(folder for folder in within if not folder.exists()):
        folder.mkdir(mode=0o700)
        made.append(folder)
    return made
