"""What a check of the doctor says: one line, and what to do about it."""

from dataclasses import asdict, dataclass
from typing import Any

PASS, WARN, FAIL = "PASS", "WARN", "FAIL"


@dataclass(frozen=True, slots=True)
class Verdict:
    """check : of the doctor's list. what : a node, a lamp bank, a file; "" where there is one only. level : PASS, WARN
    (works, and needs somebody) or FAIL (does not). says : what was found. do : what to do about it, "" for PASS."""

    check: str
    level: str
    says: str
    do: str = ""
    what: str = ""

    def line(self) -> str:
        """For people."""
        name = f"{self.check} {self.what}".rstrip()
        return f"{self.level}  {name:24} {self.says}{f': {self.do}' if self.do else ''}"

    def record(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def passed(check: str, says: str, what: str = "") -> Verdict:
    """It is well."""
    return Verdict(check, PASS, says, "", what)


def warned(check: str, says: str, do: str, what: str = "") -> Verdict:
    """It works, and needs somebody."""
    return Verdict(check, WARN, says, do, what)


def failed(check: str, says: str, do: str, what: str = "") -> Verdict:
    """It does not work."""
    return Verdict(check, FAIL, says, do, what)
