"""What each room may import, and which files touch nothing outside: the walls of README's map, as a test."""

# ruff: noqa: E501  # for as long as the wings move
import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parent.parent
ROOMS = ("dsp", "firmware", "hw", "gateway", "simulators", "soundpost")

# What a node is on every interpreter: the files that lie flat in firmware/.
EVERY_NODE = tuple(
    f"firmware.{path.stem}" for path in sorted((ROOT / "firmware").glob("*.py")) if path.stem != "__init__"
)
# Path prefix -> what it may import of ours. The longest prefix that fits is the rule.
MAY = {
    "dsp/": (),  # laws that all share
    "dsp/hearing/": ("dsp.hearing", "dsp.fixed", "dsp.blast", "dsp.cross_correlation"),
    "dsp/placing/": ("dsp.placing", "dsp.air"),
    "dsp/fixed/": ("dsp.fixed",),
    "hw/": ("hw",),
    "hw/mcu/": ("hw.mcu",),
    "firmware/": EVERY_NODE,
    "firmware/board/": ("firmware.board", *EVERY_NODE, "dsp.fixed", "hw.mcu"),
    "firmware/linux/": (
        "firmware.linux", *EVERY_NODE, "dsp", "hw.linux", "hw.ports", "hw.serial_line", "hw.mqtt_connection",
    ),
    # what a technician puts on a board: values in, values out; the cable is hw/board_console.py
    "firmware/workshop/": (
        "firmware.workshop", "firmware.update", "firmware.device", "firmware.board.boot", "firmware.board.config",
        "firmware.linux.config",
    ),
    "gateway/incident.py": ("dsp.placing.fix", "dsp.placing.line_of_fire"),
    "gateway/placing/line_of_fire.py": ("gateway.incident", "dsp"),
    "gateway/placing/clip_delays.py": ("gateway.incident", "dsp"),
    "gateway/placing/acoustics.py": (),
    "gateway/placing/clutter.py": ("gateway.incident",),
    "gateway/placing/poles.py": (),
    "gateway/placing/echo.py": ("gateway.incident", "gateway.placing.acoustics", "dsp"),
    "gateway/placing/evidence.py": ("gateway.incident", "gateway.placing.acoustics", "gateway.placing.poles", "dsp"),
    "gateway/placing/candidates.py": ("gateway.placing.poles", "gateway.placing.evidence", "dsp"),
    "gateway/placing/too_few.py": ("gateway.incident", "dsp"),
    "gateway/placing/refine.py": ("gateway.placing.evidence", "gateway.placing.candidates", "dsp"),
    "gateway/placing/select.py": ("gateway.placing.evidence", "gateway.placing.candidates", "gateway.placing.refine", "gateway.placing.echo", "dsp"),
    "gateway/placing/associate.py": (
        "gateway.incident", "gateway.placing.poles", "gateway.placing.evidence", "gateway.placing.candidates", "gateway.placing.echo", "gateway.placing.refine",
        "gateway.placing.select", "gateway.placing.too_few", "gateway.placing.acoustics", "gateway.placing.clutter", "dsp",
    ),
    "gateway/street.py": ("dsp",),
    "gateway/placing/memory.py": ("gateway.incident",),
    "gateway/placing/backlog.py": (
        "gateway.incident", "gateway.placing.associate", "gateway.placing.memory", "gateway.placing.acoustics", "gateway.placing.poles",
    ),
    "gateway/reaction/lamp_policy.py": ("gateway.incident", "gateway.street", "dsp"),
    "gateway/reaction/camera_policy.py": ("gateway.incident", "gateway.street", "dsp"),
    "gateway/reaction/telling.py": ("gateway.incident",),
    "gateway/journal/moments.py": ("gateway.incident", "gateway.core", "gateway.journal.rows"),
    "gateway/journal/recovery.py": ("gateway.incident", "gateway.core", "gateway.journal.moments", "gateway.journal.rows"),
    "gateway/reaction/policy.py": (
        "gateway.incident", "gateway.reaction.telling", "gateway.street", "gateway.reaction.lamp_policy", "gateway.reaction.camera_policy", "dsp",
    ),
    "gateway/alerts/bulletin.py": ("gateway.incident", "dsp"),
    "gateway/upkeep/robust_line.py": (),
    "gateway/upkeep/pole_residuals.py": ("gateway.upkeep.robust_line",),
    "gateway/upkeep/ledger.py": ("gateway.incident", "gateway.upkeep.pole_residuals", "dsp"),
    "gateway/upkeep/silence.py": ("gateway.incident", "firmware.wire"),
    "gateway/intake/blame.py": (),
    "gateway/upkeep/watch.py": ("gateway.incident", "gateway.upkeep.ledger", "dsp"),
    "gateway/intake/gate.py": ("gateway.incident", "firmware.wire"),
    "gateway/upkeep/rollout.py": ("gateway.incident", "firmware.wire"),
    "gateway/upkeep/releases.py": ("gateway.upkeep.rollout", "firmware.update"),
    "gateway/core.py": (
        "gateway.incident", "gateway.street", "gateway.intake.seen", "gateway.intake.gate", "gateway.placing.associate", "gateway.placing.backlog",
        "gateway.reaction.policy", "gateway.upkeep.watch", "gateway.upkeep.rollout", "gateway.intake.blame",
        "dsp", "firmware.wire", "firmware.fields",
    ),
    # the edges: each knows the records, how to wait before it tries again, and its own driver, no other edge
    "gateway/": ("gateway.incident", "gateway.street", "gateway.backoff", "gateway.tasks", "hw"),
    "gateway/reaction/sun.py": ("dsp",),
    "gateway/journal/journal.py": ("gateway.incident", "gateway.journal.file", "gateway.journal.rows"),
    "gateway/journal/file.py": ("gateway.journal.rows",),
    "gateway/journal/keeping.py": ("gateway.incident", "gateway.journal.journal", "gateway.journal.rows"),
    "gateway/placed_tables.py": ("gateway.street", "dsp"),
    "gateway/reaction/policy_tables.py": (
        "gateway.placed_tables", "gateway.reaction.policy", "gateway.reaction.lamp_policy", "gateway.reaction.camera_policy",
    ),
    "gateway/config.py": (
        "gateway.placed_tables", "gateway.reaction.policy_tables", "gateway.street", "gateway.intake.keyring", "dsp", "hw",
    ),
    "gateway/agent.py": ("gateway", "dsp", "firmware.wire", "hw"),
    "simulators/": ("dsp", "firmware", "hw", "gateway", "simulators"),
    "soundpost/": ROOMS,
}  # fmt: skip
# Runs on MicroPython as well: the only modules of others that it may import.
PORTABLE = (
    "firmware/", "dsp/fixed/", "firmware/board/supervisor.py", "firmware/board/blink.py", "firmware/board/config.py",
)  # fmt: skip
PORTABLE_MAY = {"array", "collections", "hashlib", "micropython", "struct"}
# Pure: given the same calls it gives the same answers. It asks no clock, socket, disk or dice.
PURE = (
    *PORTABLE, "dsp/", "dsp/hearing/", "dsp/placing/",
    "gateway/incident.py", "gateway/intake/gate.py", "gateway/placing/acoustics.py", "gateway/placing/clutter.py",
    "gateway/placing/poles.py",
    "gateway/placing/evidence.py", "gateway/placing/candidates.py", "gateway/placing/echo.py",
    "gateway/placing/select.py", "gateway/placing/associate.py", "gateway/street.py",
    "gateway/reaction/policy.py", "gateway/reaction/lamp_policy.py", "gateway/reaction/camera_policy.py", "gateway/alerts/bulletin.py",
    "gateway/placing/clip_delays.py", "gateway/intake/seen.py",
    "gateway/upkeep/robust_line.py", "gateway/upkeep/pole_residuals.py", "gateway/upkeep/ledger.py", "gateway/upkeep/watch.py",
    "gateway/upkeep/silence.py", "gateway/intake/blame.py", "firmware/linux/ack_watch.py",
    "gateway/placing/memory.py", "gateway/placing/backlog.py", "gateway/reaction/telling.py", "gateway/journal/moments.py", "gateway/journal/recovery.py",
    "gateway/placing/line_of_fire.py", "gateway/upkeep/rollout.py", "gateway/core.py",
    "firmware/workshop/layout.py", "firmware/workshop/verdict.py",
)  # fmt: skip
PURE_NEVER = {"asyncio", "logging", "os", "pathlib", "random", "socket", "structlog", "subprocess", "threading", "time"}
# dsp does arithmetic: numpy, scipy, and pyproj in the one file that knows latitude and longitude.
DSP_MAY = {"numpy", "scipy", "pyproj", "collections", "dataclasses", "functools", "itertools", "math", "typing", "json"}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write the whole path, not a relative import"
            named = [f"{node.module}.{alias.name}" for alias in node.names]  # from WING import file
            yield from named if (ROOT / node.module.replace(".", "/")).is_dir() else [node.module]


def stands_in(name, places):
    """Whether a file is one of these, or lies in one of these folders, not deeper."""
    return name in places or name.rsplit("/", 1)[0] + "/" in places


def within(module, allowed):
    return any(module == a or module.startswith(a + ".") for a in allowed)


FILES = sorted(p.relative_to(ROOT).as_posix() for room in ROOMS for p in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("name", FILES)
def test_a_file_keeps_within_its_walls(name):
    found = set(imports(ROOT / name))
    ours = {m for m in found if m.split(".")[0] in ROOMS}
    others = {m.split(".")[0] for m in found - ours}
    rule = max((prefix for prefix in MAY if name.startswith(prefix)), key=len)

    assert {m for m in ours if not within(m, MAY[rule])} == set()
    if stands_in(name, PORTABLE):
        assert others <= PORTABLE_MAY
    if stands_in(name, PURE):
        assert others & PURE_NEVER == set()
    elif name.startswith("dsp/"):
        assert others <= DSP_MAY


def test_the_table_speaks_of_files_that_stand():
    for prefix in (*MAY, *PORTABLE, *PURE):
        assert any(name.startswith(prefix) for name in FILES), prefix


def test_nothing_below_tests_is_a_package():
    assert list((ROOT / "tests").rglob("__init__.py")) == []
