"""The handbook's pages say what is there: links, anchors, pictures, lists that both mkdocs and a forge see as lists."""

import itertools
import json
import pathlib
import re
import tomllib

import pytest
import yaml

from deploy.handbook.linking import DOCS, ROOT, linked, relative
from deploy.handbook.nav import nav
from deploy.handbook.page import anchors, links, parted

PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
MOST_BYTES = 400_000
RULES = ROOT / "deploy/handbook/mkdocs.yml"
NOT_OURS = ("CHANGELOG.md",)  # mentions what was there then


def name(path):
    return path.relative_to(ROOT).as_posix()


def pages_of(entries):
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            for within in entry.values():
                yield from pages_of(within)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page):
    for link in links(page.read_text()):
        target = (page.parent / link.path).resolve() if link.path else page

        assert target.exists(), f"{name(page)}:{link.line}: {link.path} is not there"
        if link.anchor:
            assert link.anchor in anchors(target.read_text()), f"{name(page)}:{link.line}: no heading #{link.anchor}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_picture_says_what_it_shows_and_is_small(page):
    for link in (each for each in links(page.read_text()) if each.is_picture):
        assert len(link.text) >= 12, f"{name(page)}:{link.line}: {link.path} says too little for who cannot see it"
        assert (page.parent / link.path).stat().st_size <= MOST_BYTES, f"{name(page)}:{link.line}: {link.path}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in NOT_OURS], ids=name)
def test_every_page_that_is_mentioned_is_there(page):
    for line, words in parted(page.read_text())[0]:
        for mention in re.findall(r"docs/[\w/-]+\.(?:md|toml|cddl|svg|png)", words):
            assert (ROOT / mention).exists(), f"{name(page)}:{line}: {mention} is not there"


@pytest.mark.parametrize("page", [page for page in PAGES if DOCS in page.parents], ids=name)
def test_lists_and_tables_begin_behind_an_empty_line(page):
    """CommonMark needs none, Python-Markdown (mkdocs) does: else they are one paragraph there."""
    prose = parted(page.read_text())[0]
    for (_, before), (line, words) in itertools.pairwise(prose):
        for begins in (r"([*-]|\d+\.) ", r"\|"):
            if re.match(begins, words) and re.match(r"[^\s*|>#-]", before) and not re.match(begins, before):
                pytest.fail(f"{name(page)}:{line}: an empty line belongs above: {words}")


@pytest.mark.parametrize("page", [page for page in PAGES if DOCS in page.parents], ids=name)
def test_a_page_begins_with_its_name(page):
    text = page.read_text()

    assert text.startswith("# ")
    assert len([line for _, line in parted(text)[0] if line.startswith("# ")]) == 1


def test_every_page_is_in_the_handbook_once():
    found = list(pages_of(nav(DOCS)))

    assert sorted(found) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))
    assert found[0] == "index.md"


def test_an_index_gives_its_folder_the_order_and_what_it_forgot_comes_behind(tmp_path):
    for page in ("index", "how-to/index", "how-to/a", "how-to/b", "how-to/c", "how-to/deep/d", "glossary"):
        (tmp_path / page).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{page}.md").write_text("# Name\n")
    (tmp_path / "how-to/index.md").write_text(
        "# How\n\n[c](c.md), [d](deep/d.md#x), [out](../glossary.md), [a](a.md)\n"
    )

    how_to = ["how-to/index.md", "how-to/c.md", {"Deep": ["how-to/deep/d.md"]}, "how-to/a.md", "how-to/b.md"]
    assert nav(tmp_path) == ["index.md", {"How-to guides": how_to}, "glossary.md"]


def test_a_mention_becomes_a_link_and_code_stays_code():
    page = pathlib.PurePath("reference/api.md")
    text = "see `docs/how-to/web.md` (docs/how-to/web.md).\n\n    cat docs/how-to/web.md\n\n[x](docs/how-to/web.md)\n"

    assert linked(text, page) == (
        "see [web.md](../how-to/web.md) ([web.md](../how-to/web.md)).\n\n    cat docs/how-to/web.md\n\n"
        "[x](docs/how-to/web.md)\n"
    )
    assert linked(linked(text, page), page) == linked(text, page)
    assert linked("`docs/nowhere.md` `docs/reference/api.md`", page) == "`docs/nowhere.md` `docs/reference/api.md`"


@pytest.mark.parametrize("page", [page for page in PAGES if DOCS in page.parents], ids=name)
def test_a_page_that_is_mentioned_is_linked_to(page):
    text = page.read_text()

    assert linked(text, page.relative_to(DOCS)) == text, "python -m deploy.handbook.linking does it"


def test_the_way_from_a_page_to_another():
    a, b = pathlib.PurePath("a"), pathlib.PurePath("b/c.md")

    assert relative(a, b) == "../b/c.md"
    assert relative(pathlib.PurePath(), b) == "b/c.md"
    assert relative(pathlib.PurePath("b"), b) == "c.md"


def test_a_list_item_and_a_block_behind_prose_are_told_apart():
    prose, blocks = parted(
        "text\n\n    code\n      more\n\nlist:\n\n* item\n\n    its second paragraph\n\nend\n```sh\na\n```\n"
    )

    assert [(each.kind, each.text, each.line) for each in blocks] == [("", "code\n  more", 3), ("sh", "a", 14)]
    assert (10, "    its second paragraph") in prose


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_a_page_shows_as_toml_or_json_is_that(page):
    for block in parted(page.read_text())[1]:
        if block.kind == "toml":
            assert tomllib.loads(block.text), f"{name(page)}:{block.line}"
        if block.kind == "json":
            assert json.loads(block.text), f"{name(page)}:{block.line}"


def test_readme_stays_one_page():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 100


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_list_stays_a_list_when_it_is_built(page):
    markdown = pytest.importorskip("markdown", reason="mkdocs-material is not installed")
    rules = [*yaml.safe_load(RULES.read_text())["markdown_extensions"][:1], "pymdownx.superfences"]
    built = re.sub(
        r"<pre.*?</pre>|<h\d.*?</h\d>", "", markdown.markdown(page.read_text(), extensions=rules), flags=re.S
    )

    assert not re.findall(r"\n *(?:\d\.|[*-]) .*", re.sub(r"<[^>]*>", "", built))
    assert not re.findall(r"^ {1,3}[*-] .*", re.sub(r"```.*?```", "", page.read_text(), flags=re.S), re.M)
