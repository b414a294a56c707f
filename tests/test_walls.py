"""What each wing may import, and which files touch nothing outside: docs/walls.toml, as a test; and how big a part of
the house may be."""

import ast
import pathlib
import tomllib
from functools import cache

import pytest

ROOT = pathlib.Path(__file__).parent.parent
ROOMS = ("dsp", "firmware", "hw", "gateway", "simulators", "soundpost")
WALLS = tomllib.loads((ROOT / "docs/walls.toml").read_text())
MAY, PORTABLE, PURE = WALLS["may"], WALLS["portable"], WALLS["pure"]
# dsp does arithmetic: numpy, scipy, and pyproj in the one file that knows latitude and longitude; and it unpacks the
# weights that it is given (hashlib, io, zipfile: on bytes in memory).
DSP_MAY = {
    *("numpy", "scipy", "pyproj", "collections", "dataclasses", "functools", "itertools", "math", "typing", "json"),
    *("hashlib", "io", "zipfile", "zlib"),
}
FLAT = {"gateway": 16, "firmware": 18, "dsp": 8}
MOST_ROWS, MOST_FLOORS, LONGEST_FUNCTION, LONGEST_FILE = 36, 5, 40, 300
FILES = sorted(p.relative_to(ROOT).as_posix() for room in ROOMS for p in (ROOT / room).rglob("*.py"))


@cache
def imports(name):
    """What a file imports: paths of ours, first names of others."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / name).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: write the whole path, not a relative import"
            is_wing = (ROOT / node.module.replace(".", "/")).is_dir()  # from WING import file
            found |= {f"{node.module}.{alias.name}" for alias in node.names} if is_wing else {node.module}
    return {
        module.replace(".", "/") + ".py" if module.split(".")[0] in ROOMS else module.split(".")[0] for module in found
    }


def ours(name):
    return {each for each in imports(name) if each.endswith(".py")}


def folder(name):
    return name.rsplit("/", 1)[0]


def wing(name):
    """Its folder, whatever stands in that; what lies flat is itself."""
    return "/".join(name.split("/")[:2])


def row(name):
    """The row that a file falls under: its own, its folder's, or the nearest folder's above."""
    while name not in MAY:
        name = folder(name)
    return name


def within(name, allowed):
    return any(
        name == each or name.startswith(each + "/") or (each.endswith("/*") and folder(name) == each[:-2])
        for each in allowed
    )


def among(name, files):
    return name in files or folder(name) in files


@pytest.mark.parametrize("name", FILES)
def test_a_file_keeps_within_its_walls(name):
    others = imports(name) - ours(name)

    assert {each for each in ours(name) if not within(each, MAY[row(name)])} == set()
    if among(name, PORTABLE["files"]):
        assert others <= set(PORTABLE["may"])
    if among(name, PURE["files"]) or among(name, PORTABLE["files"]):
        assert others & set(PURE["never"]) == set()
    if name.startswith("dsp/") and not name.startswith("dsp/fixed/"):
        assert others <= DSP_MAY


@pytest.mark.parametrize("name", FILES)
def test_no_file_and_no_function_is_longer_than_a_glance_or_two(name):
    lines = (ROOT / name).read_text().splitlines()
    functions = [
        node
        for node in ast.walk(ast.parse("\n".join(lines)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    if name not in ("dsp/hearing/gunshot_model.py", "dsp/fixed/kernel.py"):  # numbers; what viper cannot part
        assert len(lines) <= LONGEST_FILE
        assert {each.name for each in functions if each.end_lineno - each.lineno >= LONGEST_FUNCTION} == set()


def test_the_table_is_short_and_speaks_of_what_stands():
    assert len(MAY) <= MOST_ROWS
    for each in (*MAY, *PORTABLE["files"], *PURE["files"]):
        assert (ROOT / each).exists(), each
        assert each.endswith(".py") or any(folder(name) == each for name in FILES), each


@pytest.mark.parametrize("room", FLAT)
def test_a_room_has_few_files_that_lie_flat(room):
    assert len([name for name in FILES if folder(name) == room]) <= FLAT[room]


def test_no_wing_of_the_gateway_imports_another():
    wings = {wing(name) for name in FILES if name.startswith("gateway/") and name.count("/") > 1}
    shelf = {"gateway/pictures"}  # knows nothing of a gateway's: whoever draws may take from it

    assert len(wings) >= 6
    assert {(wing, each) for wing in wings for each in MAY[wing] if each in wings - {wing} - shelf} == set()
    assert {each for wing in shelf for each in MAY[wing] if each.startswith("gateway") and each != wing} == set()


def test_imports_run_in_no_circle():
    seen, path = set(), []

    def walk(name):
        assert name not in path, f"a circle: {path[path.index(name) :]}"
        if name in seen:
            return
        path.append(name)
        for each in ours(name) & set(FILES):
            walk(each)
        seen.add(path.pop())

    for name in FILES:
        walk(name)


def test_the_gateway_has_few_floors():
    """A wing is one place, a file of the spine another; a place stands a floor above the highest that it imports."""
    places = {}
    for name in (each for each in FILES if each.startswith("gateway/") and not each.endswith("__init__.py")):
        places.setdefault(wing(name), set()).update(ours(name))

    @cache
    def floor(place):
        below = {wing(each) for each in places[place]} & places.keys()
        return 1 + max((floor(each) for each in below - {place}), default=0)

    assert {place: floor(place) for place in places if floor(place) > MOST_FLOORS} == {}


def test_nothing_below_tests_is_a_package():
    assert list((ROOT / "tests").rglob("__init__.py")) == []
