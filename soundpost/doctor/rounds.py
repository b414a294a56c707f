"""Which checks a config asks for."""

import functools
import pathlib
import time
from collections.abc import Sequence

from soundpost.doctor import clock, files, journal, nodes, outbox, programs
from soundpost.doctor.broker import check_broker
from soundpost.doctor.certificates import check_certificates
from soundpost.doctor.checking import Check
from soundpost.doctor.devices import check_bank, check_camera, check_port
from soundpost.doctor.disk import judge_room, read_room
from soundpost.doctor.subject import Subject
from soundpost.doctor.verdict import Verdict

WHOLE_S = 600.0
CAMERA_S, BANK_S = 10.0, 10.0


def checks_of(subject: Subject, whole: bool) -> list[Check]:
    """In the order in which they are told. whole : the whole journal is verified."""
    is_node = subject.kind == "node"
    checks = [
        Check("config", lambda: files.judge_config(subject.faults, _names(subject))),
        Check("versions", lambda: programs.check_versions(subject)),
        Check("time", lambda: clock.check_time(is_node)),
        Check("permissions", lambda: files.check_files(subject)),
        Check("certificate", lambda: check_certificates(subject)),
        *(Check("disk", functools.partial(_disk, subject, path), str(path)) for path in _disks(subject)),
        *_of_journal(subject, whole),
        *(Check("serial port", functools.partial(_port, line.port), line.port) for line in subject.serial),
    ]
    if subject.mqtt is not None:
        mqtt, name = subject.mqtt, f"{subject.mqtt.host}:{subject.mqtt.port}"
        checks.append(Check("broker", lambda: check_broker(mqtt, subject.folder, _may_log_in(subject)), name))
    if subject.source is not None and subject.source.path is not None:
        path = subject.folder / subject.source.path
        checks.append(Check("source", lambda: [files.judge_source(files.look(path))], str(path)))
    if subject.state_dir is not None:
        checks.append(Check("node", functools.partial(outbox.check_outbox, subject.state_dir), str(subject.state_dir)))
    return [*checks, *_of_street(subject)]


def _of_journal(subject: Subject, whole: bool) -> list[Check]:
    path = subject.journal
    if path is None:
        return []
    running = Check("gateway", lambda: [journal.judge_running(journal.who_writes(path))])
    if not path.exists():
        return [running, Check("journal", lambda: [journal.none_yet(str(path))])]
    names = [pole.node for pole in subject.poles]
    return [
        running,
        Check("journal", lambda: _journal(subject, path, whole), str(path), WHOLE_S if whole else 20.0),
        Check("node", lambda: nodes.check_nodes(path, names, time.time_ns() // 1000), ", ".join(names), 20.0),
    ]


def _of_street(subject: Subject) -> list[Check]:
    folder = subject.folder
    banks = [
        Check("lamp bank", functools.partial(check_bank, bank, folder), bank.url, BANK_S) for bank in subject.lamp_banks
    ]
    cameras = [
        Check("camera", functools.partial(check_camera, table, folder), table.name, CAMERA_S)
        for table in subject.cameras
    ]
    found = [*banks, *cameras]
    if subject.metrics is not None:
        metrics = subject.metrics
        found.append(Check("metrics", lambda: files.check_metrics(metrics, time.time()), str(metrics)))
    if subject.evidence is not None:
        evidence = subject.evidence
        found.append(Check("evidence", lambda: _evidence(subject), evidence.folder))
    if subject.web is not None:
        web = subject.web
        found.append(Check("web", lambda: programs.check_web(web, folder), f"{web.host}:{web.port}"))
    return found


def _journal(subject: Subject, path: pathlib.Path, whole: bool) -> Sequence[Verdict]:
    return journal.judge_journal(journal.read_state(path, whole), subject.journal_max_mb, str(path))


def _evidence(subject: Subject) -> list[Verdict]:
    assert subject.evidence is not None
    folder = subject.folder / subject.evidence.folder
    return programs.check_evidence(subject.evidence, subject.folder, read_room(folder).free_bytes)


def _disks(subject: Subject) -> list[pathlib.Path]:
    """One folder of each file system that is written to."""
    found: dict[int, pathlib.Path] = {}
    for folder in files.folders_of(subject):
        if folder.is_dir():
            found.setdefault(folder.stat().st_dev, folder)
    if subject.journal is not None and (where := subject.journal.parent).is_dir():
        found[where.stat().st_dev] = where
    return list(found.values())


def _disk(subject: Subject, folder: pathlib.Path) -> list[Verdict]:
    grows = None
    if subject.journal is not None and subject.journal.is_file() and subject.journal.parent == folder:
        grows = journal.growth(subject.journal)
    return [judge_room(read_room(folder), grows, str(folder))]


def _port(port: str) -> list[Verdict]:
    return [check_port("serial port", port)]


def _may_log_in(subject: Subject) -> bool:
    """Only where it is certain that no gateway of this config is connected."""
    return subject.journal is not None and journal.who_writes(subject.journal) is None


def _names(subject: Subject) -> list[str]:
    return [subject.path.name, *(name for name in subject.documents if name != subject.path.name)]
