"""A shot as soon as six poles agree on its place, before those farther off can have heard it. Pure.

The association (gateway/placing/associate.py) waits for every pole that may hear a shot. A light harms nobody, so it
need not: each arrival, as it comes, is tried as one of a shot by the same search, over what is at hand of the poles
about it. A pole that the sound has yet to come to is not silent; nor is one whose word may still be on the wire, as it
was to hear it less than WIRE_US before the newest arrival. What comes of it is a provisional round: of grade A by the
rules of the association, and ALONE_NATS better than it asks for, as nobody's silence speaks against it yet. Nothing is
taken from the association, and nothing given to it: what it decides is the same without.

It must cost little where impulses come in floods. Of each pole the newest FEW are at hand; a pole that floods is asked,
but nobody searches for its sake, nor for an arrival that is of a round known already. Searches are saved up, one each
SEARCH_US of the time that passes.
"""

from collections import deque

import numpy as np

from dsp.air import Air, travel_s
from gateway.incident import Arrival, Round
from gateway.placing.acoustics import Acoustics
from gateway.placing.associate import DISPATCH_NODES, SILENCE, Around, Associator, placed
from gateway.placing.echo import Earlier
from gateway.placing.evidence import Evidence
from gateway.placing.refine import Found
from gateway.placing.select import Search

AT_HAND_US = 1_500_000  # the sixth pole is some 200 m farther off than the first: 0.6 s, and what is late on the wire
OLD_US = 10_000_000  # when it comes; a slow link is no reason to be no sooner than the association
WIRE_US = 100_000  # nodes tell of what they hear after like times, but for so much (chosen)
FEW = 6  # arrivals of a pole within AT_HAND_US; one that has more floods
ABOUT = 32  # poles about an arrival's
LEAST_FIT = 2.5  # of a start (gateway/placing/candidates.py): five others in line, each one sigma of blur off
ALONE_NATS = 11.0
"""What a round must score more than a shot in the association, chosen above what chance makes of clutter: for each nat
more that is e times rarer (gateway/placing/acoustics.py, crowd_nats). docs/explanation/soon.md has what it costs."""
ENOUGH = 9  # poles: where so many agree and others contradict it, it is left to the association
KNOWN_US = 3_000_000  # how long what is of a provisional round still comes
SEARCH_US, MOST_SAVED_US = 25_000, 500_000  # a search each so long, and as many at once as were saved up


class Soon:
    """Feed it arrivals as they come; `look` says what agrees by now. n_left_out : arrivals that nobody searched with,
    as there had been too many searches, or their pole floods."""

    def __init__(self, acoustics: Acoustics | None = None) -> None:
        self._acoustics = acoustics or Acoustics()
        self._of: dict[str, deque[Arrival]] = {}
        self._fresh: list[Arrival] = []
        self._known: list[Earlier] = []
        self._saved_us, self._last_us = MOST_SAVED_US, 0
        self.n_left_out = 0

    def feed(self, arrival: Arrival, now_us: int) -> None:
        """One more arrival; what is old when it comes is nothing to be soon about."""
        if now_us - arrival.t_us > OLD_US:
            return
        of_pole = self._of.setdefault(arrival.node, deque(maxlen=FEW))
        if arrival in of_pole:
            return
        floods = len(of_pole) == FEW and arrival.t_us - of_pole[0].t_us < AT_HAND_US
        of_pole.append(arrival)
        if floods:
            self.n_left_out += 1
        else:
            self._fresh.append(arrival)

    def look(self, live: Associator, now_us: int) -> list[Round]:
        """The rounds that what came since the last look is of, and that were not known. live : who decides in the end;
        it is asked what stands about, and left as it is."""
        fresh, self._fresh = self._fresh, []
        self._saved_us = min(MOST_SAVED_US, self._saved_us + max(0, now_us - self._last_us))
        self._last_us = now_us
        # by the clock, not by what comes: stragglers are of a time long before a round that is under way
        self._known = [one for one in self._known if abs(now_us - one.emitted_us) < OLD_US + KNOWN_US]
        rounds: list[Round] = []
        for arrival in sorted(fresh, key=lambda one: (one.t_us, one.node)):
            known = [one for one in self._known if abs(arrival.t_us - one.emitted_us) < KNOWN_US]
            if not any(self._is_of(arrival, one, live.air) for one in known):
                rounds += self._about(arrival, live.around(arrival.t_us), known)
        return rounds

    def _is_of(self, arrival: Arrival, known: Earlier, air: Air) -> bool:
        due_us = known.emitted_us + float(travel_s(air, np.subtract(arrival.xyz_m, known.place_m))) * 1e6
        return -self._acoustics.early_us < arrival.t_us - due_us < self._acoustics.latest_us

    def _about(self, arrival: Arrival, there: Around, known: list[Earlier]) -> list[Round]:
        """The rounds that this arrival is of, if there is room to look for them. known : those of its time."""
        at_hand = self._at_hand(arrival, there)
        if len({one.node for one in at_hand}) < DISPATCH_NODES:
            return []
        if self._saved_us < SEARCH_US:
            self.n_left_out += 1
            return []
        self._saved_us -= SEARCH_US
        until_us = max(one.t_us for one in at_hand) - WIRE_US
        evidence = Evidence(at_hand, there.poles, there.air, self._acoustics, there.clutter_per_s, until_us)
        first = np.array([one == arrival for one in evidence.arrivals], bool)
        starts = there.grid.starts(evidence, np.zeros(len(first)), first)
        starts = [one for one in starts if one.fit > LEAST_FIT]
        if not starts:
            return []
        search = Search(evidence, there.grid, np.ones(len(first), bool), known)
        search.look(np.zeros(len(first), bool), starts)
        search.explain()
        return [shot for found in search.found if (shot := self._provisional(found, search)) is not None]

    def _provisional(self, found: Found, search: Search) -> Round | None:
        """A round that is good enough, and new."""
        evidence, one = search.evidence, search.as_earlier(found)
        least = self._acoustics.shot_nats + evidence.chance_nats(found.place_m) + ALONE_NATS
        is_known = any(2 * len({*one.arrivals} & {*known.arrivals}) >= len(one.arrivals) for known in self._known)
        if is_known or len(found.used) < DISPATCH_NODES or found.score < least:
            return None
        n_against = int((found.silent > SILENCE).sum())
        shot = placed(one.arrivals, n_against, evidence.air, self._acoustics.hearing_m)
        good = shot if isinstance(shot, Round) and shot.grade == "A" else None
        if good or len(found.used) >= ENOUGH:
            self._known.append(one)
        return good

    def _at_hand(self, arrival: Arrival, there: Around) -> list[Arrival]:
        """Of the poles about, what the same sound may have caused, given that it came to this one when it did."""
        xyz_m = there.poles.xyz_m[there.poles.number[arrival.node]]
        near = there.poles.near_one(xyz_m, ABOUT)
        apart_m = np.linalg.norm(there.poles.xyz_m[near] - xyz_m, axis=1)
        within_us = apart_m * (1e6 / there.air.speed_mps) + self._acoustics.latest_us
        return [
            one
            for i, most_us in zip(near.tolist(), within_us.tolist(), strict=True)
            for one in self._of.get(there.poles.names[i], ())
            if abs(one.t_us - arrival.t_us) <= most_us
        ]
