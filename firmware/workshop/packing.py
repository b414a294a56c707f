"""Packs the firmware's sources before they are compiled, so that a board's heap does not hold what only people need.

MicroPython keeps every name that is looked up while a program runs: constants, attributes, functions, parameters; some
40 bytes of heap each, over a thousand of them, and the table they are in doubles. All files of a slot are taken as one
program here, which does the same as before:

    numbers       a module's constant that is a whole number (LIMIT = 3) stands where its name stood, and the name goes
    own names     `_name` becomes a short one; each family of files, those that inherit from one another, has the same
    parameters    one that no call names becomes a short one

So a traceback shows short names. `told` says what they were, as long as the sources are those of the board.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from string import ascii_letters

from firmware.workshop.numbers import fold

FRAME = re.compile(r'File "(\w+)", line \d+, in (\w+)')
FIELDS = ("id", "attr", "arg", "name")
DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Packed:
    """sources : path -> packed source. names : last name of a file -> short name -> what it was."""

    sources: dict[str, str]
    names: dict[str, dict[str, str]]


def pack(sources: Mapping[str, str], outside: Iterable[str] = ()) -> Packed:
    """sources : path -> source, all of a program. outside : sources that use it, and that stay as they are.

    Raises ValueError where a file uses another's own name, as no file may.
    """
    trees, others = {path: ast.parse(source) for path, source in sources.items()}, list(map(ast.parse, outside))
    fold(trees, others)
    everything = [each for tree in [*trees.values(), *others] for each in ast.walk(tree)]
    taken = {name for each in everything for name in _names(each)}
    named = {each.arg for each in everything if isinstance(each, ast.keyword) and each.arg}
    own, used = {}, {}
    for path, tree in trees.items():
        own[path], used[path] = _defined(tree), {name for each in ast.walk(tree) for name in _names(each)}
    names = {}
    for family in _families(trees):
        short = _shortened(trees, family, own, used, taken)
        for path in family:
            _OwnNames(short).visit(trees[path])
            _Parameters(named, taken | {*short.values()}).visit(trees[path])
            names[path.rpartition("/")[2].removesuffix(".py")] = {its: name for name, its in short.items()}
    return Packed({path: ast.unparse(ast.fix_missing_locations(tree)) for path, tree in trees.items()}, names)


def told(line: str, names: Callable[[], Mapping[str, Mapping[str, str]]]) -> str:
    """A line of a traceback with what a short name was behind it; any other as it is. names : Packed.names, asked for
    only then."""
    found = FRAME.search(line)
    name = names().get(found[1], {}).get(found[2]) if found else None
    return f"{line} ({name})" if name else line


def _short(taken: Iterable[str]) -> Iterator[str]:
    """_a, _b ..., but those that are taken."""
    names = ("_" + "".join(letters) for n in (1, 2) for letters in product(ascii_letters, repeat=n))
    return (name for name in names if name not in taken)


def _names(node: ast.AST) -> Iterator[str]:
    """What a node is called or calls; strings too, for a name may be spelt by one."""
    for field in (*FIELDS, "asname", "value"):
        name = getattr(node, field, None)
        if isinstance(name, str):
            yield name


def _families(trees: Mapping[str, ast.Module]) -> list[set[str]]:
    """Files whose classes inherit from one another, together; each in one."""
    families = [{path} for path in trees]
    for path, tree in trees.items():
        together = {path, *_parents(tree, trees)}
        apart = [family for family in families if not family & together]
        families = [*apart, set().union(*(family for family in families if family & together))]
    return families


def _parents(tree: ast.Module, trees: Mapping[str, ast.Module]) -> Iterator[str]:
    """The files of classes that this file's inherit from."""
    bases = {ast.unparse(base) for each in ast.walk(tree) if isinstance(each, ast.ClassDef) for base in each.bases}
    for each in ast.walk(tree):
        if isinstance(each, ast.ImportFrom) and bases & {alias.asname or alias.name for alias in each.names}:
            path = (each.module or "").replace(".", "/") + ".py"
            if path in trees:
                yield path


def _shortened(
    trees: Mapping[str, ast.Module],
    family: set[str],
    own: Mapping[str, set[str]],
    used: Mapping[str, set[str]],
    taken: set[str],
) -> dict[str, str]:
    """A family's own names -> short ones. own, used : path -> names. ValueError where one is used outside."""
    names = set().union(*(own[path] for path in family))
    for path in sorted(set(trees) - family):
        for name in sorted((names & used[path]) - own[path]):
            raise ValueError(f"{path}: {name} is another file's own; make it public there")
    spelt = {each.value for path in family for each in ast.walk(trees[path]) if isinstance(each, ast.Constant)}
    return dict(zip(sorted(names - spelt), _short(taken), strict=False))


def _defined(tree: ast.AST) -> set[str]:
    """The names with a leading underscore that a file assigns or defines."""
    names: set[str] = set()
    for each in ast.walk(tree):
        if isinstance(each, ast.Global | ast.Nonlocal):
            raise ValueError("global and nonlocal cannot be packed")
        if isinstance(each, DEFINITIONS) or isinstance(getattr(each, "ctx", None), ast.Store):
            names.update(_names(each))
    return {name for name in names if name.startswith("_") and name.strip("_") and not name.startswith("__")}


class _OwnNames(ast.NodeTransformer):
    """short : name -> its short one."""

    def __init__(self, short: Mapping[str, str]) -> None:
        self._short = short

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field in FIELDS:
            name = getattr(node, field, None)
            if isinstance(name, str) and not isinstance(node, ast.alias):
                setattr(node, field, self._short.get(name, name))
        return super().generic_visit(node)


class _Parameters(ast.NodeTransformer):
    """named : what calls name, and so stays. taken : what a short name must not be: for MicroPython's compiler a
    name that is a const of its file is one everywhere in it."""

    def __init__(self, named: set[str], taken: set[str]) -> None:
        self._named, self._taken = named, taken
        self._scopes: list[dict[str, str]] = []

    def visit_FunctionDef(self, node: Function) -> Function:
        arguments = node.args
        arguments.defaults = [self.visit(each) for each in arguments.defaults]
        arguments.kw_defaults = [each and self.visit(each) for each in arguments.kw_defaults]
        parameters = [*arguments.posonlyargs, *arguments.args, *filter(None, [arguments.vararg])]
        scope = self._scope(node, [each.arg for each in parameters])
        for each in parameters:
            each.arg = scope.get(each.arg, each.arg)
        self._scopes.append(scope)
        body = node.body if isinstance(node.body, list) else [node.body]
        visited = [self.visit(each) for each in body]
        node.body = visited if isinstance(node.body, list) else visited[0]
        self._scopes.pop()
        return node

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef

    def _scope(self, node: Function, names: list[str]) -> dict[str, str]:
        """name -> short one; those that are used otherwise, by a keyword or an import, stay as they are."""
        above = {short for scope in self._scopes for short in scope.values()}
        free = _short(self._taken | above)
        stay = {each.asname or each.name for each in ast.walk(node) if isinstance(each, ast.alias)} | self._named
        return {name: name if name in stay | {"self"} else next(free) for name in names}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._of(node.id)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = node.name and self._of(node.name)
        return self.generic_visit(node)

    def _of(self, name: str) -> str:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return name
