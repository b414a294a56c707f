"""`python -m deploy.handbook.linking [PAGE...]`: mentions of a page, `docs/how-to/keys.md`, become links to it, in the
pages themselves. `make docs` does the same to what it builds, so that none is missed.
"""

import pathlib
import re
import sys
from collections.abc import Sequence

from deploy.handbook.page import LINK, parted

ROOT = pathlib.Path(__file__).parents[2]
DOCS = ROOT / "docs"
MENTION = re.compile(r"`(docs/[\w/.-]+\.md)`|(?<![\w/`])(docs/[\w/.-]+\.md)(?![\w`])")
"""In prose: by itself, or as code. Not within a link."""


def linked(text: str, page: pathlib.PurePath) -> str:
    """A page with links in place of mentions of pages that there are. page : its path below docs/."""
    lines = text.splitlines()
    for number, words in parted(text)[0]:
        at, parts = 0, []
        for link in LINK.finditer(words):  # what is a link stays as it is
            parts += [_mentions(words[at : link.start()], page), link[0]]
            at = link.end()
        lines[number - 1] = "".join((*parts, _mentions(words[at:], page)))
    return "\n".join(lines) + ("\n" if text.endswith("\n") else "")


def _mentions(words: str, page: pathlib.PurePath) -> str:
    return MENTION.sub(lambda found: _link(found, page), words)


def _link(found: re.Match[str], page: pathlib.PurePath) -> str:
    target = pathlib.PurePath(found[1] or found[2]).relative_to("docs")
    if not (DOCS / target).exists() or target == page:
        return found[0]
    return f"[{target.name}]({relative(page.parent, target)})"


def relative(folder: pathlib.PurePath, target: pathlib.PurePath) -> str:
    """The way from a folder to a file, both below the same one."""
    same = 0
    while target.parts[same : same + 1] == folder.parts[same : same + 1] and same < len(folder.parts):
        same += 1
    return "/".join((*("..",) * (len(folder.parts) - same), *target.parts[same:]))


def main(paths: Sequence[str]) -> int:
    """Rewrite those pages, or all. 0."""
    for path in [pathlib.Path(each).absolute() for each in paths] or sorted(DOCS.rglob("*.md")):
        text = path.read_text()
        new = linked(text, path.relative_to(DOCS))
        if new != text:
            path.write_text(new)
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
