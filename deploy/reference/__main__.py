"""`python -m deploy.reference`: writes docs/reference of what the code itself says: commands, settings, files, wire,
metrics. What is there already is written over, what is made no longer is removed; hand-written pages stay.

    python -m deploy.reference            # write them
    python -m deploy.reference --check    # 1 where one is not as the code says it, and write nothing
"""

import argparse
import pathlib
import sys

from deploy.reference.making import every_page, made_before

FOLDER = pathlib.Path(__file__).parents[2] / "docs/reference"


def main(argv: list[str] | None = None) -> int:
    """0 done, 1 not current."""
    parser = argparse.ArgumentParser(prog="python -m deploy.reference", description="Write docs/reference of the code.")
    parser.add_argument("--check", action="store_true", help="say what is not current, and write nothing")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR", default=FOLDER, help="default: docs/reference")
    args = parser.parse_args(argv)
    stale = changed(args.out)
    for path, text in stale.items():
        print(f"{'not current: ' if args.check else ''}{path}")
        if not args.check:
            _write(path, text)
    return int(args.check and bool(stale))


def changed(folder: pathlib.Path) -> dict[pathlib.Path, str]:
    """The pages that are not as the code says it, with their texts; "" for one that is to go."""
    pages = {folder / page.path: page.whole() for page in every_page()}
    stale = {path: text for path, text in pages.items() if not path.is_file() or path.read_text() != text}
    return stale | {path: "" for path in made_before(folder) if path not in pages}


def _write(path: pathlib.Path, text: str) -> None:
    if not text:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
