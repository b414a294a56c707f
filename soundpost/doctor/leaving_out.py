"""What a zip for support must not hold: every text that goes into one passes here. Pure.

Three nets, each for what slips through the one before. Of a config only the values of keys that the program knows are
kept, a named file's name only where that file is there (a password may stand where its file's name should), user names
never. Then what is known to be secret, because it stands in a file of secrets, is cut out of every text, whoever wrote
it there. Then what looks like one: logins in urls, PEM private keys, what follows the word password and its like.
"""

import base64
import json
import re
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from typing import Any

LEFT_OUT = "(left out)"
LEAST = 4
"""A secret shorter than this is no secret, and cutting it out would spoil every text."""
PATTERNS = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), LEFT_OUT),
    (re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/\s\"'<>]*@"), rf"\1{LEFT_OUT}@"),
    (re.compile(r"(?i)\b(authorization|cookie)(\"?\s*[:=]\s*)[^\r\n\"]+"), rf"\1\2{LEFT_OUT}"),
    (re.compile(r"(?i)\b(bearer|basic|digest)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {LEFT_OUT}"),
    (re.compile(r"(?i)([?&]key=)[^\s&\"'<>#]+"), rf"\1{LEFT_OUT}"),
    (
        re.compile(
            r"(?i)((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|psk|private[_-]?key)\"?'?\s*[=:]\s*)"
            r"(\\?\"[^\"\r\n]*\"?|'[^'\r\n]*'?|[^\s,;}&\"']+)"
        ),
        rf"\1{LEFT_OUT}",
    ),
)
SECRET_WORDS = re.compile(r"(?i)(password|passwd|secret|token|psk|pwd|api_?key|private_?key)(?!_file)")
SECRET_NAMES = re.compile(r"(?i)(pass|secret|token|psk|pwd|login)|^(key|user|username|pin)$")
FILE_NAMES = re.compile(r"(_file|^journal|^folder|^database|^releases|^state_dir|^walls)$")


def known_secrets(texts: Iterable[str]) -> list[str]:
    """From the contents of secret files: each whole, each line, and each quoted value of one; and what those are in
    JSON, urls and base64. The longest first, so that none is cut in two."""
    found: set[str] = set()
    for text in texts:
        pieces = [
            text.strip(),
            *(line.strip() for line in text.splitlines()),
            *re.findall(r"[\"']([^\"']+)[\"']", text),
        ]
        pieces += [piece.partition(":")[2] for piece in pieces if re.fullmatch(r"[\w.-]+:[0-9A-Fa-f]{16,}", piece)]
        for piece in pieces:
            found |= _written(piece) if len(piece) >= LEAST else set()
    return sorted((each for each in found if not each.startswith(("-----", "#"))), key=len, reverse=True)


def _written(secret: str) -> set[str]:
    """As JSON, a url and a header may write it."""
    plain = secret.encode("utf-8", "replace")
    return {secret, json.dumps(secret)[1:-1], urllib.parse.quote(secret, ""), base64.b64encode(plain).decode()}


def cut(text: str, secrets: Iterable[str]) -> str:
    """The text without any of these."""
    for secret in secrets:
        text = re.sub(re.escape(secret), LEFT_OUT, text, flags=re.IGNORECASE)
    return text


def clean(text: str, secrets: Iterable[str]) -> str:
    """The text without any of these, and without what looks like one."""
    text = cut(text, secrets)
    for pattern, instead in PATTERNS:
        text = pattern.sub(instead, text)
    return text


def clean_tree(value: Any, secrets: Iterable[str]) -> Any:
    """JSON, each text of it cleaned, names too, and nothing that is called a secret kept."""
    secrets = list(secrets)
    if isinstance(value, str):
        return clean(value, secrets)
    if isinstance(value, Mapping):
        return {
            clean(str(key), secrets): LEFT_OUT if SECRET_WORDS.search(str(key)) else clean_tree(each, secrets)
            for key, each in value.items()
        }
    return [clean_tree(each, secrets) for each in value] if isinstance(value, list | tuple) else value


def without_secrets(
    document: Mapping[str, Any], known: Iterable[str], is_there: Callable[[str], bool]
) -> dict[str, Any]:
    """A config's tables without what may be a secret. known : every key that a config may have. is_there : whether a
    file of that name is beside it."""
    keys = frozenset(known)
    return {key: _kept(key, value, keys, is_there) for key, value in document.items()}


def _kept(key: str, value: Any, known: frozenset[str], is_there: Callable[[str], bool]) -> Any:
    if isinstance(value, Mapping):
        return {inner: _kept(inner, each, known, is_there) for inner, each in value.items()}
    if isinstance(value, list):
        return [_kept(key, each, known, is_there) for each in value]
    if isinstance(value, bool | int | float) and key in known:
        return value
    if key not in known:
        return f"{LEFT_OUT}: no setting of this program"
    if FILE_NAMES.search(key):
        return str(value) if is_there(str(value)) else f"{LEFT_OUT}: no file of that name"
    return LEFT_OUT if SECRET_NAMES.search(key) else str(value)
