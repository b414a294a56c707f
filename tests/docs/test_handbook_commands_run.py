"""The handbook's commands, run: each as it stands, in a folder that has what the pages speak of, and must end with 0.

What is in ONLY_PARSED is not run here, for the reason that stands beside it; test_handbook_commands_parse.py holds the
words of all. The tutorials are followed word by word in test_tutorials.py.
"""

import json
import math
import pathlib
import re
import shutil

import numpy as np
import pytest
import soundfile

from deploy.handbook.linking import DOCS, ROOT
from deploy.handbook.typed import commands
from gateway.journal.journal import Journal
from gateway.journal.rows import Row
from soundpost import keys
from soundpost.__main__ import main

ONLY_PARSED = {
    r"make .*|python3? -m .*": "a target or program of the source tree, minutes long",
    r"soundpost (demo|score|livefire)\b.*": "minutes long; tests/soundpost/test_demo.py, test_score_*.py",
    r"soundpost (replay|detect|locate) \.\./shared/.*": "needs the recordings; tests/soundpost/test_replay_command.py",
    r"soundpost (gateway|node|web) --config \S+( --log json)?": "runs until it is ended; test_init_runs.py and others",
    r"soundpost evidence .*": "needs a gateway that runs; tests/soundpost/test_evidence_export.py",
    r"soundpost journal (follow|review) .*": "until it is ended, or needs a gateway that runs; test_journal_command.py",
    r"soundpost node --devices": "lists the sound cards of the machine",
    r"soundpost board (flash|provision|check|logs) .*": "needs a board; followed in test_tutorials.py",
    r"soundpost camera .*": "needs a camera; tests/soundpost/test_camera_command.py",
    r"soundpost lamps .*": "needs lamps, or a city; tests/soundpost/test_lamps_command.py",
    r"soundpost map .*": "needs a city's map; tests/soundpost/test_map_command.py",
    r"soundpost plates .*": "needs a camera and an extra; tests/soundpost/test_plates_command.py",
    r"soundpost web admin make .*": "asks for a password; tests/soundpost/test_web_admin.py",
    r"soundpost doctor .*": "finds true faults in a folder where nothing runs; tests/soundpost/doctor",
    r"soundpost (gateway|node|web) .*--check": "needs every file that docs/*.toml name; test_gateway_check.py",
    r"soundpost journal (verify|show|replay) \S+\.rows-\S+|soundpost replay \S+\.rows-\S+ .*": "test_pruning.py",
    r"soundpost (replay|policy) .*street\.journal.*": "needs a street's own journal; followed in test_tutorials.py",
    r"soundpost init .* --(out|yes) street.*": "asks, or changes a folder; followed in test_tutorials.py",
    r"soundpost keys \w+ .*--out street/keys": "needs a broker's folder; tests/soundpost/test_init_changes.py",
}
FOLLOWED = ("first-street.md", "first-board.md", "ten-minutes.md", "replay-recordings.md")
EXAMPLES = DOCS / "reference" / "commands"  # of each --help: parsed
PAGES = [
    page
    for page in sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])
    if page.name not in FOLLOWED and EXAMPLES not in page.parents
]
ABSOLUTE = re.compile(r"^/(mnt|var|etc|root)/")


def why_not(typed):
    return next((why for pattern, why in ONLY_PARSED.items() if re.fullmatch(pattern, typed)), "")


ALL = list(dict.fromkeys(str(each) for page in PAGES for each in commands(page.read_text())))
RUN = [typed for typed in ALL if not why_not(typed)]


def arrivals():
    """Of three shots at three places, as eight poles hear them in still air of 20 C."""
    poles = [(65.0 * (n % 3), 65.0 * (n // 3), 6.0) for n in range(8)]
    for at_s, shot in ((10, (20.0, 30.0, 1.5)), (70, (100.0, 50.0, 1.5)), (130, (60.0, 110.0, 1.5))):
        for n, pole in enumerate(poles):
            t_us = round(1e6 * (at_s + math.dist(pole, shot) / 343.2))
            line = {"node": f"n{n}", "xyz_m": pole, "t_us": t_us, "sigma_us": 100, "snr_db": 40.0, "p_gunshot": 0.9}
            yield json.dumps(line) + "\n"


def made_ready_for(typed, argv):
    """What makes a thing wants it not to be there; what is brought back must be somewhere."""
    if typed.startswith("soundpost journal restore"):
        backup = pathlib.Path(argv[2])
        backup.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("street.journal", backup)
    if typed.startswith(("soundpost keys make", "soundpost journal restore")):
        target = pathlib.Path(argv[-1])
        shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)


@pytest.fixture
async def street(tmp_path, monkeypatch):
    """What pages speak of: a journal, keys, arrivals, a sound, a survey; what has a whole path lies below, too."""
    keys.make_keys(["n1", "n2", "n3", "pole-1", "pole-2"], tmp_path / "keys")
    keys.make_keys(["fleet"], tmp_path / "fleet")
    journal = Journal(tmp_path / "street.journal")
    await journal.append([Row("config", 1_795_000_000_000_000, b'{"sha256": "ab"}', boot=3)])
    journal.close()
    for folder in ("mnt/backups", "var/lib/soundpost", "etc/soundpost", "sounds"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(tmp_path / "street.journal", tmp_path / "var/lib/soundpost/street.journal")
    (tmp_path / "docs").symlink_to(DOCS)
    sound = np.random.default_rng(1).normal(0, 0.001, 16_000)
    sound[8_000:8_100] = 0.5
    soundfile.write(tmp_path / "recording.wav", sound, 16_000)
    soundfile.write(tmp_path / "sounds/one.wav", sound, 16_000)
    (tmp_path / "arrivals.jsonl").write_text("".join(arrivals()))
    page = (DOCS / "tutorials" / "first-street.md").read_text()
    (tmp_path / "survey.csv").write_text(page.partition('title="survey.csv"\n')[2].partition("```")[0])
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("typed", RUN)
def test_a_command_of_the_handbook_does_what_it_says(street, typed, capsys):
    words = next(each.words for page in PAGES for each in commands(page.read_text()) if str(each) == typed)
    argv = [ABSOLUTE.sub(lambda found: f"{street}{found[0]}", word) for word in words[1:]]

    made_ready_for(typed, argv)

    assert main(argv) == 0, capsys.readouterr().err


def test_a_good_part_of_them_is_run():
    assert len(RUN) >= 15, RUN
    assert {typed.split()[1] for typed in RUN} >= {"detect", "init", "keys", "journal"}
