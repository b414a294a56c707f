"""Do a host's time sources tell the same second? What names a PPS's pulses may name the wrong one, and then all else is
exact and a second off.

`chronyc sources` tells of each source by how much this host's clock was ahead of it when it was last asked, and within
what margin that is (chronyc(1), "sources"). A pulse and the sentences that name it come from one receiver and may be
wrong together; a server of the network is no part of it, and never off by half a second unseen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from soundpost.doctor.verdict import Verdict, failed, passed, warned

OWN = "#"
SENTENCES_S = 0.05
"""A reference clock known no better than this is read from sentences; pulses are known to microseconds."""
APART_S, NEARLY_S = 0.5, 0.1
DRIFTS_S = 0.25
"""From half a second on a sentence names the next pulse; halfway there is time to mend it."""
PAGE = "docs/how-to/node-time.md"


@dataclass(frozen=True, slots=True)
class Source:
    """mode : ^ server, = peer, # reference clock of our own. state : * followed, + combined, - not combined, ? cannot
    be used, x in error, ~ too variable. ahead_s : of this source this host's clock was. within_s : the margin.
    answers : it did of late."""

    mode: str
    state: str
    name: str
    answers: bool = False
    ahead_s: float = 0.0
    within_s: float = math.inf

    @property
    def is_own(self) -> bool:
        """Whether it is a reference clock of this host."""
        return self.mode == OWN


def parse_sources(text: str) -> list[Source]:
    """Lines of `chronyc -n -c sources`: mode, state, name, stratum, poll, reach, age, adjusted and measured offset,
    margin. What is no such line is left out."""
    return [_source(fields) for line in text.splitlines() if len(fields := line.split(",")) >= 3]


def _source(fields: Sequence[str]) -> Source:
    mode, state, name = fields[:3]
    try:
        ahead_s, within_s, answers = float(fields[8]), float(fields[9]), fields[5] != "0"
    except (ValueError, IndexError):
        return Source(mode, state, name)
    known = answers and math.isfinite(ahead_s)
    return Source(mode, state, name, True, ahead_s, within_s) if known else Source(mode, state, name)


def judge_seconds(sources: Sequence[Source]) -> list[Verdict]:
    """Nothing where there is no pulse; else a line for what it is compared with, and one for each that is in error."""
    own = [each for each in sources if each.is_own and each.answers]
    pulses = [each for each in own if each.within_s < SENTENCES_S]
    servers = [each for each in sources if not each.is_own and each.answers and each.within_s < APART_S / 2]
    found = [verdict for each in own if each not in pulses for verdict in _judge_sentences(each, pulses)]
    if pulses:
        found.append(_judge_pulse(pulses[0], servers))
    wrong = [each for each in sources if each.state == "x" and not each.is_own]
    if wrong and not any(each.level == "FAIL" for each in found):
        names = ", ".join(each.name for each in wrong)
        found.append(warned("seconds", f"the other sources say that {names} is in error", "give chrony other servers"))
    return found


def _judge_pulse(pulse: Source, servers: Sequence[Source]) -> Verdict:
    if not servers:
        says = f"no server beside {pulse.name} to compare its second with; the gateway compares it with other nodes'"
        return passed("seconds", says)
    apart_s = pulse.ahead_s - median(each.ahead_s for each in servers)
    which = servers[0].name if len(servers) == 1 else f"{len(servers)} servers"
    if abs(apart_s) < APART_S:
        return passed("seconds", f"{pulse.name} and {which} tell the same one")
    whole = abs(abs(apart_s) - round(abs(apart_s))) < NEARLY_S
    named = ": its pulse is named by the wrong one" if whole else ""
    says = f"{pulse.name} is {abs(apart_s):.1f} s {'behind' if apart_s > 0 else 'ahead of'} {which}{named}"
    return failed("seconds", says, f"set the offset of its sentences, see whether it knows leap seconds: {PAGE}")


def _judge_sentences(sentences: Source, pulses: Sequence[Source]) -> list[Verdict]:
    if not pulses:
        do = "cable and setting of the PPS; sentences alone tell no node the time"
        return [warned("seconds", f"{sentences.name} speaks and no pulse comes", do)]
    late_s = sentences.ahead_s - pulses[0].ahead_s
    if abs(late_s) < DRIFTS_S:
        return []
    says = f"{sentences.name} is {abs(late_s):.2f} s off the pulse that it names; from 0.5 s on it names the wrong one"
    return [warned("seconds", says, f"add {late_s:+.2f} to the offset of {sentences.name}: {PAGE}")]
