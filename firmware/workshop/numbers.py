"""Puts a program's whole numbers where their names stood (firmware/workshop/packing.py)."""

import ast
import operator
from collections.abc import Callable, Iterable, Mapping

Values = dict[str, int]
OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift, ast.RShift: operator.rshift, ast.BitOr: operator.or_,
}  # fmt: skip


def fold(trees: Mapping[str, ast.Module], outside: Iterable[ast.Module] = ()) -> None:
    """trees : path -> file, all of a program, changed in place. outside : files that use it: what they import stays."""
    imports = [each for tree in outside for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    kept = {alias.name for each in imports for alias in each.names}
    own: dict[str, Values] = {module_of(path): {} for path in trees}
    while sum(_find(tree, module_of(path), own, kept) for path, tree in trees.items()):
        pass  # a number may be reckoned from another file's
    for path, tree in trees.items():
        _Numbers(own[module_of(path)], _modules(tree, own)).visit(tree)


def module_of(path: str) -> str:
    """Of dsp/fixed/bands.py: dsp.fixed.bands."""
    return path.removesuffix(".py").replace("/", ".")


def _modules(tree: ast.Module, own: Mapping[str, Values]) -> dict[str, Values]:
    """What modules are called in a file -> their numbers."""
    imports = [each for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    called = {alias.asname or alias.name: f"{each.module}.{alias.name}" for each in imports for alias in each.names}
    return {name: own[module] for name, module in called.items() if module in own}


def _find(tree: ast.Module, module: str, own: dict[str, Values], kept: set[str]) -> bool:
    """Add to this file's numbers what can be reckoned by now; whether there was any."""
    values, before = own[module], len(own[module])
    stored = [each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
    for each in ast.walk(tree):
        if isinstance(each, ast.ImportFrom) and each.module in own:
            there = own[each.module]
            values |= {alias.asname or alias.name: there[alias.name] for alias in each.names if alias.name in there}
    modules = _modules(tree, own)
    for statement in tree.body:
        for name, value in _pairs(statement):
            number = _number(value, values, modules)
            if number is not None and name.isupper() and stored.count(name) == 1 and name not in kept:
                values[name] = number
    return len(values) > before


def _pairs(statement: ast.stmt) -> list[tuple[str, ast.expr]]:
    """Names and what is assigned to them: NAME = ..., or A, B = ..., ..."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return []
    target, value = statement.targets[0], statement.value
    if isinstance(target, ast.Name):
        return [(target.id, value)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(target.elts, value.elts, strict=True)
        return [(name.id, each) for name, each in pairs if isinstance(name, ast.Name)]
    return []


def _number(value: ast.expr, values: Values, modules: Mapping[str, Values]) -> int | None:
    """What an expression of whole numbers comes to; None where it is none."""
    if isinstance(value, ast.Constant):
        return value.value if type(value.value) is int else None
    if isinstance(value, ast.Name):
        return values.get(value.id)
    if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
        return modules.get(value.value.id, {}).get(value.attr)
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
        number = _number(value.operand, values, modules)
        return None if number is None else -number
    if isinstance(value, ast.BinOp) and type(value.op) in OPERATORS:
        left, right = _number(value.left, values, modules), _number(value.right, values, modules)
        return None if left is None or right is None else OPERATORS[type(value.op)](left, right)
    return None


class _Numbers(ast.NodeTransformer):
    """values : this file's and those it imports, by the names they have here. modules : those of modules named here."""

    def __init__(self, values: Values, modules: Mapping[str, Values]) -> None:
        self._values, self._modules = values, modules

    def visit_Name(self, node: ast.Name) -> ast.expr:
        is_number = isinstance(node.ctx, ast.Load) and node.id in self._values
        return _written(self._values[node.id]) if is_number else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        number = _number(node, {}, self._modules)
        return self.generic_visit(node) if number is None else _written(number)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt | None:
        node.names = [alias for alias in node.names if (alias.asname or alias.name) not in self._values]
        return node if node.names else None

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        self.generic_visit(node)
        pairs = _pairs(node)
        stay = [(ast.Name(name, ast.Store()), value) for name, value in pairs if name not in self._values]
        if len(stay) == len(pairs):
            return node
        names, values = [name for name, _ in stay], [value for _, value in stay]
        return ast.Assign([ast.Tuple([*names], ast.Store())], ast.Tuple(values, ast.Load())) if stay else None


def _written(number: int) -> ast.expr:
    return ast.Constant(number) if number >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-number))
