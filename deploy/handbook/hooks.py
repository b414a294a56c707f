"""What mkdocs asks while it builds (mkdocs.org, "Configuration", hooks): the order of the pages, and links that only a
forge can follow."""

import pathlib
import re
from typing import Any

from deploy.handbook.linking import linked
from deploy.handbook.nav import nav
from deploy.handbook.page import LINK, OUTSIDE, parted


def on_config(config: Any) -> Any:
    """The order of the pages: that of the folders."""
    config["nav"] = nav(pathlib.Path(config["docs_dir"]))
    return config


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Mentions of pages as links; and of what lies outside docs/ only the words, for it is not in the handbook."""
    path = pathlib.Path(page.file.src_uri)
    return _within(linked(markdown, path), path)


def _within(text: str, path: pathlib.Path) -> str:
    lines = text.split("\n")
    for number, words in parted(text)[0]:
        lines[number - 1] = LINK.sub(lambda found: _words(found, path), words)
    return "\n".join(lines)


def _words(found: re.Match[str], path: pathlib.Path) -> str:
    """The link as it is; or what it says, where it climbs out."""
    target = found["target"].partition("#")[0]
    if OUTSIDE.match(target) or target.split("/").count("..") < len(path.parts):
        return found[0]
    return found["text"]


def on_post_build(config: Any) -> None:
    """Off goes what only the theme's own makers and other languages need: two thirds of the whole."""
    assets = pathlib.Path(config["site_dir"]) / "assets"
    for path in (*assets.rglob("*.map"), *assets.glob("javascripts/lunr/**/*.js")):
        path.unlink()
