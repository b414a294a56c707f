"""The place that most arrivals agree on, and which of them it is not built on: the heart of
`dsp/placing/multilaterate.py`.

Each arrival is one of three: direct (normal), late (exponential, after `dsp/placing/lateness.py`), or stray. How wide
the direct ones spread is not the arrival's affair but the street's, common to a shot: in a plain street sound comes
straight (SMOOTH_S beside the node's own sigma), between hills and houses most of it is bent by some milliseconds
(ROUGH_S). Which of the two it is, and what share comes late, is learnt from the shot itself:

    maximise  sum_i ln( d N(late_i; 0, v_i) + l E(late_i) + s C(late_i) ) + prior(height),   v_i = sigma_i^2 + spread^2

over place, emission time and l. Expectation maximisation: with p the probability of direct, weights p / v, one
Gauss-Newton step with the emission time projected out, new shares, and again. Each start begins with a spread as wide
as it may be off itself, which is drawn in step by step (graduated non-convexity, Blake and Zisserman's idea as known
from general reading), so that the best consensus is found before the first arrival is left out.

The answers of all starts under both spreads are weighed by their evidence after Laplace, likelihood times the volume
that the answer leaves open, sqrt(det cov), and times PRIOR. Stated sigmas are trusted as far as SCALE_DOF measurements
of their common factor would be: with it unknown the likelihood is Student's, and so is the answer, and its covariance
is made so wide that the normal's 90 % ellipse is Student's. A late arrival leaves open as much as the variance of its
exponential, LATE^2; else answers that few arrivals came straight to would seem to leave open a whole quarter of town.
None is an answer whose direct arrivals came farther than a shot is heard. So four arrivals that happen to fit to a
millisecond are not taken for proof of a plain street, and twenty are. The fix is their mean, its covariance theirs plus
how far they lie apart; what lies far apart is for `dsp/placing/multilaterate.py` to refuse.

Four direct arrivals leave one number over to check three unknowns by. A bent path, or an echo where nothing came
straight, moves the place by some ten metres or a hundred and leaves no residual to see it by. So there the spread is
what it is about known places, UNPROVEN_S, and it is asked of each of the four what the place would be had that one come
late by LATES_S. What comes of it are answers like any other, worth LATE_EACH a priori: those near widen the ellipse,
those far speak for another place. Where the poles stand well such an answer fits badly and counts for nothing.

Height: poles stand on the ground that people stand on, so a source is taken to be POLE_HEIGHT_M below the poles near
it, with a share of the spread of their heights and MAN_M (Student's t with HEIGHT_DOF: people fire from windows, too).
"""

import math
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr

from dsp.air import Air
from dsp.placing.fix import CHI2_2DOF
from dsp.placing.grid_search import POLE_HEIGHT_M, starts_near, travel
from dsp.placing.lateness import PATH

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SMOOTH_S, ROUGH_S = 0.0003, 0.008  # chosen; of the live fire's four positions, all freedoms counted
PRIOR = np.log([0.1, 0.9])  # chosen: few arrivals are to be taken for bent, twenty may prove that they are not
LATE_PRIOR = (0.5, 20.0)  # arrivals seen late and not late before the first: a small share until shown otherwise
STRAY_SHARE = 0.005
UNPROVEN = 4  # so few direct arrivals cannot show how rough a street is, nor that one of them is late
UNPROVEN_S = 0.011  # ROUGH_S for these: RMS about the surveyed place of the live fire's pulses (9.3 to 10.8 ms with...
# ...one of the four positions left out)
LATE_EACH = 0.02  # that one of these came later than any bend makes it. Chosen: 0.7 % of those pulses are more than...
# ...30 ms late, and of four-pole rounds on held-out positions one arrival in 76 was (9 rounds of 171)
LATES_S = tuple(0.05 * step for step in range(1, 11))  # how late, each as likely: near enough together for a...
# ...shot that fits one of them between two not to be passed over (chosen)
LATE_BLUR_S = 0.2  # how far off in time such an answer may be where it is looked for: about the middle of them
LATE_KINDS = 2  # kinds of answers: 0 smooth, 1 rough, from here on one for each that is taken to be late
SCALE_DOF = 4.0  # how much stated sigmas are worth against the residuals
MAN_M = 1.0  # one sigma of a muzzle above the ground (chosen)
GROUND = 0.5  # of the spread of the poles' heights: one sigma of the ground, as the poles near it tell it...
# ...(live fire: 13 m RMS where the poles' heights spread by 25 m)
HEIGHT_DOF = 3.0
NEAR_M = 50.0  # poles nearer than this all say the same of the ground
GRADES = (0.3, 0.1, 0.02, *[0.0] * 8)  # of the first spread; no more are needed once all that matter stand still
FIRST_LATE = 0.3  # share of late arrivals to begin with
STEP_M, STILL_M, TINY_M = 80.0, 0.05, 1e-9
OPEN = 1e-9 * np.eye(3)  # 1/m2, keeps a step finite where poles on one line leave a direction open
SAME_M, APART_M = 5.0, 25.0  # answers that are one; answers that would send people to another address
HOPELESS_NATS, UNHEARD_NATS = 10.0, 100.0
ROOT = math.sqrt(2 * math.pi)


@dataclass(frozen=True, slots=True)
class Consensus:
    """place_m (3,) and emitted_s of the best answer within APART_M, cov_m2 (2, 2). late_s (n,), direct (n,): how late
    each arrival is and the probability that it came direct. elsewhere : probability of a place farther than APART_M,
    and other_m (2,) the best such place, the answer's own where there is none."""

    place_m: Floats
    emitted_s: float
    cov_m2: Floats
    late_s: Floats
    direct: Floats
    elsewhere: float
    other_m: Floats


@dataclass(frozen=True, slots=True)
class _Answers:
    """k of them: place (k, 3), emitted (k,), cov (k, 2, 2), late and direct (k, n), evidence (k,), and kind (k,): those
    of one kind that lie at one place are one."""

    place: Floats
    emitted: Floats
    cov: Floats
    late: Floats
    direct: Floats
    evidence: Floats
    kind: NDArray[np.int64]


def agree(xyz_m: Floats, t_s: Floats, sigma_s: Floats, air: Air, farthest_m: float) -> Consensus:
    """Place a sound heard at (n, 3) m at (n,) s, sigmas (n,) s of the nodes' own timing, farthest_m away at most unless
    there is no such place. Four or more arrivals, on no line."""
    starts, blur_s = starts_near(xyz_m, t_s, air)
    answers = _Fit(xyz_m, sigma_s, air, farthest_m, ROUGH_S).settle(starts, blur_s, t_s)
    direct = np.flatnonzero(answers.direct[answers.evidence.argmax()] > 0.5)
    if len(direct) == UNPROVEN:
        fit = _Fit(xyz_m, sigma_s, air, farthest_m, UNPROVEN_S)
        answers = fit.settle(starts, blur_s, t_s)
        answers = _joined(answers, fit.doubt(answers.place[answers.evidence.argmax()], direct, t_s))
    return _weigh(answers)


class _Fit:
    """One shot's arrivals, ready to be fitted from many starts under both spreads at once."""

    def __init__(self, xyz_m: Floats, sigma_s: Floats, air: Air, farthest_m: float, rough_s: float) -> None:
        self.poles, self.air, self.farthest_m = np.ascontiguousarray(xyz_m.T), air, farthest_m
        self.rough_var = rough_s**2
        self.var = sigma_s**2 + SMOOTH_S**2
        self.height_var = MAN_M**2 + GROUND**2 * float(np.var(xyz_m[:, 2]))

    def doubt(self, place_m: Floats, direct: NDArray[np.int64], t_s: Floats) -> _Answers:
        """What becomes of an answer at (3,) m if one of its direct arrivals, and it alone, came LATES_S late."""
        late_s = np.kron(np.eye(len(t_s))[direct], np.array(LATES_S)[:, None])
        starts = np.tile(place_m[:2], (len(late_s), 1))
        found = self.settle(starts, LATE_BLUR_S, t_s - late_s)
        late_s = np.tile(late_s, (2, 1))
        return replace(
            found,
            late=found.late + late_s,
            direct=found.direct * (late_s == 0),
            evidence=found.evidence + math.log(LATE_EACH / len(LATES_S)),
            kind=LATE_KINDS + np.arange(len(late_s)),
        )

    def settle(self, starts_m: Floats, blur_s: float, t_s: Floats) -> _Answers:
        """From starts (k, 2) that may be off by blur_s, under the smooth spread and the rough one. t_s : (n,), or
        (k, n) each its own."""
        k = len(starts_m)
        t_s = np.tile(t_s, (2, 1)) if t_s.ndim > 1 else t_s
        rough = np.repeat([False, True], k)
        extra, late_share = np.where(rough, self.rough_var, 0.0)[:, None], np.full((2 * k, 1), FIRST_LATE)
        place = np.column_stack([np.tile(starts_m, (2, 1)), np.zeros(2 * k)])
        place[:, 2] = self._ground(self.poles - place[:, :, None])
        rows, off_m = self._look(place, t_s)
        late = rows[:, 4] - np.median(rows[:, 4], axis=1)[:, None]
        for grade in GRADES:
            var = self.var + np.maximum(extra, (grade * blur_s) ** 2)
            _, delayed, weight, density = _kinds(late, var, late_share)
            late_share = ((LATE_PRIOR[0] + delayed.sum(axis=1)) / (sum(LATE_PRIOR) + late.shape[1]))[:, None]
            normal, push, total, _ = self._sums(rows, weight, off_m)
            step = -np.linalg.solve(normal, push[:, :, None])[:, :, 0]
            length = np.sqrt((step * step).sum(axis=1))
            place = place + step * np.minimum(1.0, STEP_M / np.maximum(length, TINY_M))[:, None]
            rows, off_m = self._look(place, t_s)
            late = rows[:, 4] - ((weight * rows[:, 4]).sum(axis=1) / total)[:, None]
            if not grade and length[_hopeful(density)].max() < STILL_M:
                break
        return self._answers(place, rows, off_m, late, late_share, rough)

    def _answers(
        self, place: Floats, rows: Floats, off_m: Floats, late: Floats, late_share: Floats, rough: Bools
    ) -> _Answers:
        """What came of it, with its evidence and covariance."""
        var = self.var + np.where(rough, self.rough_var, 0.0)[:, None]
        direct, delayed, weight, density = _kinds(late, var, late_share)
        emitted = self._sums(rows, weight, off_m)[3]
        normal, _, total, _ = self._sums(rows, weight + delayed / PATH.late_s**2, off_m)
        late, cov = rows[:, 4] - emitted[:, None], np.linalg.inv(normal)
        evidence = np.log(density).sum(axis=1) + 0.5 * np.log(np.linalg.det(cov)) - 0.5 * np.log(total)
        evidence -= 0.5 * (HEIGHT_DOF + 1) * np.log1p(off_m**2 / HEIGHT_DOF / self.height_var)
        evidence += LATE_PRIOR[1] * np.log1p(-late_share[:, 0]) + np.where(rough, PRIOR[1], PRIOR[0])
        dof, chi2 = np.maximum(direct.sum(axis=1) - 3, 0), (direct * late**2 / var).sum(axis=1)
        evidence += 0.5 * chi2 + _scaled(chi2, dof)
        factor = (SCALE_DOF + chi2) / (SCALE_DOF + dof) * _wider(SCALE_DOF + dof)
        cov = cov[:, :2, :2] * factor[:, None, None]
        away_m = np.linalg.norm(self.poles - place[:, :, None], axis=1)
        evidence -= UNHEARD_NATS * (np.max(away_m * (direct > 0.5), axis=1) > self.farthest_m)
        return _Answers(place, emitted, cov, late, direct, evidence, rough.astype(np.int64))

    def _look(self, place: Floats, t_s: Floats) -> tuple[Floats, Floats]:
        """From places (k, 3): (k, 5, n) slopes of the residuals s/m, ones, and when the arrivals were emitted; (k,) m
        that the place is above the ground."""
        paths = self.poles - place[:, :, None]
        tau, squared = travel(self.air, paths)
        rows = np.ones((len(place), 5, self.poles.shape[1]))
        rows[:, :3] = paths * (tau / np.maximum(squared, 1.0))[:, None]
        rows[:, 4] = t_s - tau
        return rows, place[:, 2] - self._ground(paths)

    def _ground(self, paths: Floats) -> Floats:
        """(k,) height at which a source is taken to be, by the poles near it."""
        near = 1 / (paths[:, 0] ** 2 + paths[:, 1] ** 2 + NEAR_M**2)
        return np.asarray(near @ self.poles[2] / near.sum(axis=1) - POLE_HEIGHT_M)

    def _sums(self, rows: Floats, weight: Floats, off_m: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Normal matrices (k, 3, 3) and slopes of the cost (k, 3), emission time projected out; sums of weights (k,),
        and emission times (k,)."""
        sums = (rows * weight[:, None]) @ rows.transpose(0, 2, 1)
        total, mean = sums[:, 3, 3], sums[:, :3, 3]
        emitted = sums[:, 3, 4] / total
        normal = sums[:, :3, :3] - mean[:, :, None] * (mean / total[:, None])[:, None] + OPEN
        push = sums[:, :3, 4] - mean * emitted[:, None]
        stiff = (HEIGHT_DOF + 1) / (HEIGHT_DOF * self.height_var + off_m**2)
        normal[:, 2, 2] += stiff
        push[:, 2] += stiff * off_m
        return normal, push, total, emitted


def _scaled(chi2: Floats, dof: Floats) -> Floats:
    """(k,) nats that residuals of chi2 (k,) say where the variances share a factor worth SCALE_DOF measurements."""
    n0 = SCALE_DOF
    return np.asarray(
        gammaln((n0 + dof) / 2) - gammaln(n0 / 2) - dof / 2 * np.log(n0 / 2) - (n0 + dof) / 2 * np.log1p(chi2 / n0)
    )


def _hopeful(density: Floats) -> Bools:
    """(k,) answers of densities (k, n) that may still come to count."""
    nats = np.log(density).sum(axis=1)
    return np.asarray(nats > nats.max() - HOPELESS_NATS)


def _wider(dof: Floats) -> Floats:
    """(k,) by how much more a covariance must be for the normal's 90 % ellipse to be Student's of so many degrees of
    freedom: 2 F(0.9; 2, dof) over the normal's own square of radius, F's quantile being exact for 2."""
    return np.asarray(dof * (0.1 ** (-2 / dof) - 1) / CHI2_2DOF[0.90])


def _kinds(late: Floats, var: Floats, late_share: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """(k, n) probabilities of direct and of late, weights in 1/s2, and densities in 1/s."""
    late2 = late * late
    direct = (1 - STRAY_SHARE - late_share) / (ROOT * np.sqrt(var)) * np.exp(-0.5 * late2 / var)
    behind = np.exp(np.maximum(late, 0.0) * (-1 / PATH.late_s)) * ndtr(late / np.sqrt(var))
    delayed = late_share / PATH.late_s * behind
    wide = PATH.stray_s**2 + late2
    stray = STRAY_SHARE * PATH.stray_s / math.pi / wide
    density = direct + delayed + stray
    return direct / density, delayed / density, (direct / var + 2 * stray / wide) / density, density


def _joined(some: _Answers, more: _Answers) -> _Answers:
    return _Answers(*(np.concatenate([getattr(some, field.name), getattr(more, field.name)]) for field in fields(some)))


def _weigh(answers: _Answers) -> Consensus:
    """One answer of many: each once, by their evidence."""
    order = np.argsort(-answers.evidence, kind="stable")
    order = order[answers.evidence[order] > answers.evidence[order[0]] - HOPELESS_NATS]
    flat = answers.place[order, :2]
    apart = np.sqrt(((flat[:, None] - flat[None]) ** 2).sum(axis=2))
    same = (apart < SAME_M) & (answers.kind[order][:, None] == answers.kind[order])
    once = ~np.tril(same, -1).any(axis=1)
    order, apart = order[once], apart[0][once]
    share = np.exp(answers.evidence[order] - answers.evidence[order[0]])
    share /= share.sum()
    near = apart < APART_M
    best, here = order[0], share[near] / share[near].sum()
    place = here @ answers.place[order[near]]
    off = answers.place[order[near], :2] - place[:2]
    cov = np.einsum("k,kij->ij", here, answers.cov[order[near]]) + (off * here[:, None]).T @ off
    other = answers.place[order[~near][0], :2] if not near.all() else place[:2]
    emitted = float(here @ answers.emitted[order[near]])
    return Consensus(place, emitted, cov, answers.late[best], answers.direct[best], float(share[~near].sum()), other)
