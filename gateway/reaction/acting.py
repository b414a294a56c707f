"""What moves for an incident: lamps and cameras, each weighed, limited, named and given a reason. Pure.

Every order bears the name of its reason (gateway/reasons.py), so that it can be told from every other one, and done
once. A new act is a method beside `_light` and `_aim`, with its rules in gateway/reaction/conditions.py.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from gateway.incident import Early, Incident, Round
from gateway.orders import Aim, Light
from gateway.reaction.camera_policy import CameraPolicy, Target, followed
from gateway.reaction.conditions import ActRules, Conditions, Verdict
from gateway.reaction.lamp_policy import START, LampPolicy
from gateway.reaction.limits import Limits, Spent
from gateway.reaction.reasoning import Order, Reasoning, named
from gateway.reasons import Near
from gateway.street import Place

FRESH_US = 30_000_000
"""What is older moves nothing."""
SOON_RULE, AREA_RULE = "policy.lights.soon", "policy.lights.min_poles"


class Acting:
    """acts : the rules of each act. n_limited : how often an act was not done for a limit."""

    def __init__(
        self,
        acts: Mapping[str, ActRules],
        conditions: Conditions,
        reasoning: Reasoning,
        lamps: LampPolicy,
        cameras: CameraPolicy,
    ) -> None:
        self.n_limited = 0
        self._rules = acts
        self._conditions = conditions
        self._reasoning = reasoning
        self._lamps = lamps
        self._cameras = cameras
        self._limits = Limits({act: rules.most_per_h for act, rules in acts.items()})

    def act(
        self, incident: Incident, shot: Round, now_us: int, before: Incident | None = None, fresh: bool = True
    ) -> list[Light | Aim]:
        """What moves for it. before : what was acted on already."""
        if not fresh:
            self._refuse_all(incident, shot, now_us)
            return []
        return [*self._light(incident, shot, now_us, before), *self._aim(incident, shot, now_us, before)]

    def with_clips(self, incident: Incident, shot: Round, now_us: int, fresh: bool) -> Incident:
        """An incident that says whether clips of it are kept. What once was asked for stays so, for it has begun by
        then. A round that moves nothing leaves it as it is."""
        if "clips" not in self._rules or not fresh:
            return incident
        verdict = self._asks("clips", incident, shot, now_us, None)
        if verdict is None:
            return replace(incident, clips=self._reasoning.did("clips", incident.id))
        self._limits.spend("clips", incident.id, now_us)
        self._reasoning.goes_on("clips", incident.id, verdict, now_us)
        return replace(incident, clips=True)

    def early(self, incident: Incident, shot: Round, now_us: int) -> list[Early]:
        """What plate readers are told of a provisional round, where clips of such a one would be kept."""
        if "clips" in self._rules and not self._may_soon("clips", incident, now_us):
            return []
        east_m, north_m, _ = where_m = shot.fix.xyz_m
        within_m, grade = Target(where_m, shot.fix.cov_m2).within_m(), shot.grade
        return [Early(incident.id, east_m, north_m, shot.fix.t_us, within_m, grade, shot.p_gunshot, now_us)]

    def soon(self, incident: Incident, shot: Round, now_us: int) -> list[Light | Aim]:
        """What moves for a provisional round, by the same rules and under a name of its own. It counts for no limit,
        but where one is reached it moves nothing; why it does not the round that is decided will say."""
        place_m, until_us, orders = shot.fix.xyz_m, shot.fix.t_us + FRESH_US, list[Light | Aim]()
        if self._may_soon("lights", incident, now_us):
            lit = self._lamps.soon(incident.id, place_m, now_us, until_us)
            orders += self._for_soon("lights", incident, shot, now_us, lit)
        if self._may_soon("cameras", incident, now_us):
            target = Target(place_m, shot.fix.cov_m2)
            aims = self._cameras.aim(incident.id, target, now_us, until_us, is_early=True)
            orders += self._for_soon("cameras", incident, shot, now_us, aims)
        return orders

    def between(self, name: str, corners_m: Sequence[Place], verdict: Verdict, now_us: int, t_us: int) -> list[Light]:
        """The lamps between three places that heard what has no fix, under a name of its own."""
        if not self._limits.admits("lights", name, now_us):
            self.n_limited += 1
            return []
        orders = self._lamps.bring_up(self._lamps.between(corners_m), name, now_us, t_us + FRESH_US)
        devices = tuple(Near(lamp) for order in orders for lamp in order.lamps)
        return self._ordered("lights", name, verdict, now_us, orders, devices, orders[0].level_pct) if orders else []

    def became(self, name: str, incident: str, now_us: int) -> None:
        """A provisional round that moved something was decided: it is of this incident."""
        self._reasoning.became(name, incident, now_us)

    def tick(self, now_us: int, open_incidents: Collection[str]) -> list[Light | Aim]:
        """Lamps back to rest, cameras home. What nobody holds and no incident may still ask for is forgotten."""
        for incident in self._reasoning.known():
            if incident not in open_incidents and not self._lamps.holds(incident):
                self._reasoning.forget(incident)
        self._limits.forget(now_us)
        home = [named(aim, f"cameras-{now_us}") for aim in self._cameras.tick(now_us)]
        return [*(self._at_rest(light, now_us) for light in self._lamps.tick(now_us)), *home]

    def recall(self, spent: Iterable[Spent]) -> None:
        """What a gateway before this one did, which counts for the limits."""
        self._limits.recall(spent)

    def resume(self) -> None:
        """A gateway starts: lamps may be up of which nothing is known."""
        self._lamps.resume()

    def shift(self, by_us: int) -> None:
        """The clock was set by so much."""
        self._lamps.shift(by_us)
        self._cameras.shift(by_us)
        self._limits.shift(by_us)

    def forget(self, incident: str) -> None:
        """It gets no further rounds."""
        self._lamps.forget(incident)
        self._cameras.forget(incident)

    def _light(self, incident: Incident, shot: Round, now_us: int, before: Incident | None) -> list[Light]:
        place_m = shot.fix.xyz_m
        verdict = self._asks("lights", incident, shot, now_us, before)
        if verdict is None:
            return []
        orders = self._lamps.light(incident.id, place_m, now_us, shot.fix.t_us + FRESH_US)
        if not orders:
            word, devices, bound = self._lamps.why_not(place_m, now_us)
            if word:
                self._reasoning.does_not("lights", incident.id, replace(verdict, word=word), now_us, devices, bound)
            return []
        near = self._lamps.near(place_m)
        told: list[Light] = []
        for order in orders:
            devices = tuple(each for each in near if each.name in order.lamps)
            if order.again:
                told.append(named(order, self._reasoning.again("lights", incident.id)))
            else:
                told += self._ordered("lights", incident.id, verdict, now_us, [order], devices, order.level_pct)
        return told

    def _aim(self, incident: Incident, shot: Round, now_us: int, before: Incident | None) -> list[Aim]:
        target = followed(incident.rounds)
        verdict = self._asks("cameras", incident, shot, now_us, before)
        if verdict is None:
            return []
        until_us = shot.fix.t_us + FRESH_US
        orders = self._cameras.aim(incident.id, target, now_us, until_us)
        orders = orders or self._cameras.again(incident.id, now_us, until_us)
        if not orders:
            if not self._cameras.sees(target):
                self._reasoning.does_not("cameras", incident.id, replace(verdict, word="blind"), now_us)
            return []
        return self._ordered(
            "cameras", incident.id, verdict, now_us, orders, tuple(Near(each.camera) for each in orders)
        )

    def _asks(self, act: str, incident: Incident, shot: Round, now_us: int, before: Incident | None) -> Verdict | None:
        """Whether an act is asked for now and was not before; the verdict on it where it is."""
        verdict = self._conditions.weigh(act, incident, now_us - shot.fix.t_us)
        if not verdict.word and before is not None and self._conditions.meets(act, before):
            return None
        most = self._rules[act].most_per_h
        if not verdict.word and not self._limits.admits(act, incident.id, now_us):
            self.n_limited += 1
            verdict = replace(verdict, word="limit")
        if verdict.word:
            self._reasoning.does_not(act, incident.id, verdict, now_us, bound=most if verdict.word == "limit" else None)
            return None
        return verdict

    def _may_soon(self, act: str, incident: Incident, now_us: int) -> bool:
        return self._conditions.meets(act, incident) and self._limits.admits(act, incident.id, now_us)

    def _for_soon(self, act: str, incident: Incident, shot: Round, now_us: int, orders: list[Order]) -> list[Order]:
        """Orders for a provisional round, named by reasons of their own."""
        verdict = replace(self._conditions.weigh(act, incident, now_us - shot.fix.t_us), rule=SOON_RULE)
        told: list[Order] = []
        for part in _by_again(orders):
            if part[0].again and self._reasoning.ordered(act, incident.id):
                told += [named(order, self._reasoning.again(act, incident.id)) for order in part]
                continue
            names = [name for each in part for name in (each.lamps if isinstance(each, Light) else (each.camera,))]
            bound = part[0].level_pct if isinstance(part[0], Light) else None
            near, again = tuple(map(Near, names)), part[0].again
            action = self._reasoning.does(act, incident.id, verdict, now_us, near, bound, again=again)
            told += [named(order, action) for order in part]
        return told

    def _ordered(
        self,
        act: str,
        incident: str,
        verdict: Verdict,
        now_us: int,
        orders: list[Order],
        devices: tuple[Near, ...],
        bound: float | None = None,
    ) -> list[Order]:
        """These orders, named by the reason that is given for them."""
        self._limits.spend(act, incident, now_us)
        action = self._reasoning.does(act, incident, verdict, now_us, devices, bound, again=orders[0].again)
        return [named(order, action) for order in orders]

    def _refuse_all(self, incident: Incident, shot: Round, now_us: int) -> None:
        """Say that a round moves nothing: it was withdrawn, is too old, or of the future."""
        age_us = now_us - shot.fix.t_us
        word = "withdrawn" if shot.withdrawn else "old" if age_us > FRESH_US else "ahead"
        for act in ("lights", "cameras"):
            verdict = replace(self._conditions.weigh(act, incident, age_us), word=word, rule="policy")
            self._reasoning.does_not(act, incident.id, verdict, now_us, bound=FRESH_US / 1e6)

    def _at_rest(self, light: Light, now_us: int) -> Light:
        """Lamps that go back, by name: the time is one where no incident is known that held them."""
        if light.incident == START:
            return named(light, f"lights-{now_us}")
        return named(light, self._reasoning.over(light.incident, light.lamps, light.level_pct, now_us))


def _by_again(orders: list[Order]) -> list[list[Order]]:
    """Those that are asked for the first time, and those that are asked for again; neither is empty."""
    parts = ([each for each in orders if each.again is again] for again in (False, True))
    return [part for part in parts if part]
