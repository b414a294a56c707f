"""In what order the handbook has its pages: that of the folders. A page that somebody adds is in it by lying there.

A folder's own order is that in which its index.md links to its pages; the others come behind, by name.
"""

import pathlib

from deploy.handbook.page import links

FOLDERS = {
    "tutorials": "Tutorials", "how-to": "How-to guides", "reference": "Reference", "explanation": "Explanation",
}  # fmt: skip
INDEX = "index.md"

Entry = str | dict[str, list["Entry"]]
"""A page, by its path below docs/, or a part of the handbook: its title and what is in it. As mkdocs has it `nav`."""


def nav(docs: pathlib.Path) -> list[Entry]:
    """All pages below docs, each once."""
    entries: list[Entry] = [INDEX] if (docs / INDEX).exists() else []
    entries += [{title: _within(docs, docs / name)} for name, title in FOLDERS.items() if (docs / name).is_dir()]
    flat = [path.name for path in sorted(docs.glob("*.md")) if path.name != INDEX]
    others = [path for path in sorted(docs.iterdir()) if path.is_dir() and path.name not in FOLDERS]
    return [*entries, *flat, *({_title(path): _within(docs, path)} for path in others if list(path.rglob("*.md")))]


def _within(docs: pathlib.Path, folder: pathlib.Path) -> list[Entry]:
    """What is in a folder: its index first."""
    places = {path.resolve(): at for at, path in enumerate(_linked(folder / INDEX))}
    found = [path for path in folder.iterdir() if path.suffix == ".md" or (path.is_dir() and list(path.rglob("*.md")))]
    found.sort(key=lambda path: (path.name != INDEX, places.get(path.resolve(), len(places)), path.name))
    return [
        {_title(path): _within(docs, path)} if path.is_dir() else path.relative_to(docs).as_posix() for path in found
    ]


def _linked(index: pathlib.Path) -> list[pathlib.Path]:
    """The pages and folders beside an index that it links to; a page deeper down stands for its folder."""
    if not index.exists():
        return []
    paths = [(index.parent / link.path).resolve() for link in links(index.read_text()) if link.path]
    below = [path.relative_to(index.parent.resolve()) for path in paths if path.is_relative_to(index.parent.resolve())]
    return list(dict.fromkeys(index.parent / path.parts[0] for path in below if path.parts))


def _title(folder: pathlib.Path) -> str:
    return folder.name.replace("-", " ").capitalize()
