"""Keys and the broker's identities that change together: written at once, and then told to a broker that runs."""

import contextlib
import pathlib
import sys
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

from soundpost.broker.identities import Identities, Plan, street_beside
from soundpost.broker.telling import tell
from soundpost.broker.texts import BROKER, GATEWAY
from soundpost.cut_runs import recover
from soundpost.private_files import locked, write_private

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

    renew : name -> its new key ("": it has none). remove : nodes that are let in no more; their NODE.key goes. Comes
    back: what became of the broker, in words, "" without one.
    Raises ValueError or OSError; then everything is as it was.
    """
    street = street_beside(keys)
    if street is None:
        write_private(keys, texts, instead, [f"{name}.key" for name in remove])
        return ""
    identities = Identities(street, datetime.now(UTC))
    for name, key in (renew or {}).items():
        identities.renew(name)
        if key:
            identities.plan.texts[f"nodes/{name}/{name}.key"] = f"{key}\n"
    for name in remove:
        identities.remove(name)
        identities.plan.gone.append(f"keys/{name}.key")
    write_plan(street, {f"keys/{name}": text for name, text in texts.items()}, identities.plan, instead)
    return tell(street, [*(renew or {}), *remove], identities.plan.restart)


def write_plan(street: pathlib.Path, texts: Mapping[str, str], plan: Plan, instead: Collection[str]) -> None:
    """All of it at once; what goes, goes last. instead : of texts, those that may stand in place of what is there."""
    whole = {**plan.texts, **texts}
    write_private(street, whole, {*plan.texts, *(f"keys/{name}" for name in instead)}, plan.gone)


@contextlib.contextmanager
def held(keys: pathlib.Path) -> Iterator[None]:
    """Nobody else changes the keys folder and its street meanwhile; a change that was cut before is undone first,
    and that is said. Raises OSError where the folder is not there, or a file cannot be put back."""
    with locked(keys) as undone:
        street = street_beside(keys)
        if (street is not None and recover(street)) or undone:
            again = "; a broker that was started since: start it again" if street else ""
            print(f"{street or keys}: an earlier change was cut short; all of it was undone{again}", file=sys.stderr)
        yield
