"""Certificates' ends: those of the gateway, of the broker and of every node (soundpost/certificate_ends.py), and of the
web process."""

import pathlib
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509

from hw.linux.date import wrong_date
from soundpost.broker.authority import SOON
from soundpost.certificate_ends import ending, sees_all
from soundpost.doctor.subject import Subject
from soundpost.doctor.verdict import Verdict, failed, passed, warned


def judge_ends(over: Sequence[str], soon: Sequence[str], sees_all: bool = True) -> list[Verdict]:
    """Lines as soundpost/certificate_ends.py has them: which; what to do. sees_all : nodes' could be read."""
    found = [failed("certificate", *_parts(each)) for each in over] + [
        warned("certificate", *_parts(each)) for each in soon
    ]
    of = "" if sees_all else " of those that this user may read; `soundpost gateway --check` by root reads nodes' too"
    return found or [passed("certificate", f"none ends within {SOON.days} days{of}")]


def judge_web_end(ends: datetime, now: datetime, name: str) -> list[Verdict]:
    """Of the web process' own."""
    do = "have a new one made; browsers refuse it after that"
    if ends <= now:
        return [failed("certificate", f"ended on {ends:%Y-%m-%d}", do, name)]
    return [warned("certificate", f"ends on {ends:%Y-%m-%d}", do, name)] if ends - now < SOON else []


def check_certificates(subject: Subject) -> list[Verdict]:
    """Raises OSError or ValueError naming a file that is not there or is none."""
    now = datetime.now(UTC)
    if wrong_date(round(now.timestamp() * 1e6)):
        return [failed("certificate", "none is valid yet by this host's date", "set the clock")]
    found = judge_ends(*ending(subject.mqtt, subject.folder, now), sees_all(subject.folder))
    if subject.web is not None and subject.web.tls is not None:
        found += _web_end(subject.folder / subject.web.tls.cert_file, now)
    return found


def _web_end(path: pathlib.Path, now: datetime) -> list[Verdict]:
    try:
        read = x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError:
        return [failed("certificate", "holds no certificate (PEM)", "mend [tls] of web.toml", str(path))]
    return judge_web_end(min(each.not_valid_after_utc for each in read), now, str(path))


def _parts(line: str) -> tuple[str, str]:
    says, _, do = line.partition("; ")
    return says, do or "have a new one made"
