"""The policy in force, tried on the journal of what it did: it does the same again, to the lamp and the second."""

import asyncio
import json
import math
from collections import defaultdict
from dataclasses import asdict

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, given, settings

from dsp.air import Air
from dsp.geodesy import Site
from firmware import wire
from gateway.alerts.bulletin import incident_record
from gateway.assembly.gateway import build_core, build_policy
from gateway.config import read_config
from gateway.incident import Announce, Store
from gateway.intake.gate import Gate
from gateway.intake.keyring import read_keys
from gateway.intake.seen import Seen
from gateway.journal.journal import Journal, frame_row
from gateway.journal.rows import Row
from gateway.reasons import Because
from soundpost.__main__ import main

S = 1_000_000
NIGHT_US = 1_794_016_800 * S  # 7 November 2026, 02:00 UTC: evening at the site
LIFE_US = 110 * S  # after a shot: longer than any lamp is held
KEY, AIR, SITE = bytes(range(32)), Air(12.0), Site(38.9, -77.0, 20.0)
POLES_M = [(0, 0, 6), (60, 5, 6.5), (120, -4, 6), (3, 70, 7), (64, 75, 6), (118, 66, 6.2), (60, -60, 6)]
NOTHING = "".join(f"[policy.{act}]\nact = false\n" for act in ("lights", "cameras", "announce"))
POLICIES = st.fixed_dictionaries(
    {
        "radius_m": st.sampled_from([30.0, 60.0, 150.0]),
        "hold_s": st.sampled_from([1.0, 5.0, 30.0, 90.0]),
        "min_grade": st.sampled_from("ABC"),
        "min_p_gunshot": st.sampled_from([0.0, 0.15, 0.9]),
        "only_when_dark": st.booleans(),
        "soon": st.booleans(),
        "most_per_h": st.sampled_from([1, 2, 100]),
    }
)
SHOTS = st.lists(
    st.tuples(
        st.sampled_from([2, 4, 35, 70, 700, 15 * 3600]),  # s after the one before
        st.sampled_from([(45.0, 30.0, 1.5), (50.0, 28.0, 1.5), (100.0, -30.0, 1.5)]),
        st.sampled_from([930, 300, 50]),  # p, permille
        st.sampled_from([7, 6, 5, 4]),  # poles
    ),
    min_size=1,
    max_size=4,
)


def write_config(folder, lights):
    (folder / "keys.toml").touch(0o600)
    (folder / "keys.toml").write_text("".join(f'n{i} = "{KEY.hex()}"\n' for i in range(len(POLES_M))))
    poles = "".join(f'[[pole]]\nnode = "n{i}"\nxyz_m = {list(xyz_m)}\n' for i, xyz_m in enumerate(POLES_M))
    lamps = ", ".join(f'{{ name = "l{i}", channel = {i}, xyz_m = [{40 * i}, 10, 8] }}' for i in range(4))
    cameras = "".join(
        f'[[camera]]\nname = "c{i}"\nurl = "http://10.0.0.{i}"\nxyz_m = [{e}, {n}, 5]\n'
        for i, (e, n) in enumerate([(60, -20), (0, 90), (130, 40)])
    )
    rules = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lights.items())
    (folder / "gateway.toml").write_text(
        'journal = "street.journal"\nkeys_file = "keys.toml"\nsite = { lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }\n'
        f'air = {{ temperature_c = 12 }}\n{poles}[[lamp_bank]]\nurl = "tcp://127.0.0.1:5020"\nlamps = [{lamps}]\n'
        f'{cameras}[[serial]]\nport = "/dev/ttyS0"\n[policy.lights]\n{rules}'
    )
    (folder / "nothing.toml").write_text(NOTHING)


def frames_of(shots):
    """(when it comes, frame) of all that is heard, in order."""
    number, t_us, heard = 0, NIGHT_US, []
    for after_s, place_m, p_permille, n_poles in shots:
        t_us += after_s * S
        for i, xyz_m in enumerate(POLES_M[:n_poles]):
            number += 1
            at_us = t_us + round(math.dist(place_m, xyz_m) / AIR.speed_mps * 1e6)
            said = wire.Arrival(at_us, 200, wire.LOCKED, 9500, wire.DBSPL, 3500, p_permille, wire.BLAST, 0,
                                (300, 2000, 900, 4), None, None)  # fmt: skip
            heard.append((at_us + S // 5, f"n{i}", number, said))
    return [
        (at_us, wire.seal(said, KEY, node.encode(), 5, number))
        for at_us, node, number, said in sorted(heard, key=lambda each: each[0])
    ]


def lived(folder, shots):
    """All that a gateway of this config does of these shots, and writes: a tick each 50 ms, none where a night ends."""
    config = read_config(folder / "gateway.toml")
    gate = Gate(read_keys(folder / "keys.toml"), Seen(), 1)
    core = build_core(config, gate, policy=build_policy(config, folder))
    effects, frames = [], frames_of(shots)
    for (at_us, frame), next_us in zip(
        frames, [*(each[0] for each in frames[1:]), frames[-1][0] + LIFE_US], strict=True
    ):
        effects += [(at_us, each) for each in core.feed(frame, at_us)]
        for now_us in range(at_us + S // 20, min(next_us, at_us + LIFE_US), S // 20):
            effects += [(now_us, each) for each in core.tick(now_us)]
    return effects


def rows_of(effects):
    yield Row("config", NIGHT_US, b"{}", boot=1)
    for at_us, effect in effects:
        if isinstance(effect, Store):
            yield frame_row(effect)
        elif isinstance(effect, Because):
            yield Row("reason", effect.at_us, json.dumps(asdict(effect)).encode())
        elif isinstance(effect, Announce):
            yield Row("incident", at_us, json.dumps(incident_record(effect, SITE), sort_keys=True).encode())


async def write_journal(path, rows):
    journal = Journal(path)
    await journal.append(list(rows))
    journal.close()


def done_of(effects):
    """By incident: lamps, seconds that they were held, cameras, how often it was told; by the orders themselves."""
    lamps, up_us, down_us = defaultdict(set), {}, {}
    cameras, told = defaultdict(list), defaultdict(int)
    for at_us, effect in effects:
        if isinstance(effect, Announce):
            told[effect.incident.id] += 1
        if (
            not isinstance(effect, Because)
            or not effect.does
            or effect.incident.startswith(("soon-", "area-", "start"))
        ):
            continue
        names = [each.name for each in effect.devices]
        if effect.act == "lights" and effect.word == "over":
            down_us[effect.incident] = at_us
        elif effect.act == "lights":
            lamps[effect.incident] |= set(names)
            up_us.setdefault(effect.incident, at_us)
            down_us.pop(effect.incident, None)
        elif effect.act == "cameras":
            cameras[effect.incident] += [name for name in names if name not in cameras[effect.incident]]
    held_s = {name: round((down_us[name] - up_us[name]) / S, 1) for name in up_us if name in down_us}
    return dict(lamps), held_s, {name: each for name, each in cameras.items() if each}, dict(told)


def tried(out):
    """The same of what `policy try` says that the gateway's own policy does."""
    lamps, held_s, cameras, told = {}, {}, {}, {}
    for each in map(json.loads, out.splitlines()[:-1]):
        name, now = each["incident"], each["now"]
        if each["act"] == "lights":
            lamps[name] = set(now["lamps"])
            if now["held_us"] is not None:
                held_s[name] = round(now["held_us"] / S, 1)
        elif each["act"] == "cameras":
            cameras[name] = now["cameras"]
        elif each["act"] == "announce":
            told[name] = now["n_told"]
    return lamps, held_s, cameras, told


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(shots=SHOTS, lights=POLICIES)
def test_what_the_policy_in_force_is_said_to_do_is_what_happened(shots, lights, tmp_path_factory, capsys):
    folder = tmp_path_factory.mktemp("street")
    write_config(folder, lights)
    effects = lived(folder, shots)
    asyncio.run(write_journal(folder / "street.journal", rows_of(effects)))
    capsys.readouterr()
    status = main(
        ["policy", "try", str(folder / "nothing.toml"), "--journal", str(folder / "street.journal"), "--json"]
    )
    out = capsys.readouterr().out

    assert status == 0
    assert tried(out) == done_of(effects)
