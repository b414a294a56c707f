"""Each check's judge: values in, verdict out."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from firmware import wire
from hw.linux.chrony import UNSET
from hw.linux.kernel_clock import KernelClock
from hw.ports import ClockReading, LampState
from soundpost.doctor import broker, certificates, clock, devices, disk, files, journal, nodes, programs
from soundpost.doctor.checking import Check, examine
from soundpost.doctor.seconds import judge_seconds, parse_sources
from soundpost.doctor.verdict import FAIL, PASS, WARN, passed

NOW_US = 1_790_000_000_000_000
NOW = datetime(2026, 9, 21, tzinfo=UTC)
GB = 10**9


def levels(verdicts):
    return [each.level for each in verdicts]


def test_a_clock_that_starts_in_1970_fails_and_says_so():
    verdict = clock.judge_date(12_000_000)

    assert verdict.level == FAIL
    assert "1970-01-01 00:00:12Z" in verdict.says
    assert clock.judge_date(NOW_US).level == PASS


@pytest.mark.parametrize(
    ("reading", "kernel", "is_node", "level"),
    [
        (ClockReading(3, "pps"), None, True, PASS),
        (ClockReading(4_000, "ntp"), None, True, WARN),
        (ClockReading(40_000, "ntp"), None, True, FAIL),
        (ClockReading(40_000, "ntp"), None, False, PASS),
        (ClockReading(900_000, "ntp"), None, False, WARN),
        (ClockReading(2_500_000, "ntp"), None, False, FAIL),
        (UNSET, KernelClock(True, 20_000), True, FAIL),
        (UNSET, KernelClock(True, 20_000), False, PASS),
        (UNSET, KernelClock(False, 16_000_000), False, WARN),
        (UNSET, None, False, WARN),
    ],
)
def test_a_node_needs_a_better_clock_than_a_gateway(reading, kernel, is_node, level):
    assert clock.judge_clock(reading, kernel, is_node).level == level


def test_sources_of_chrony_are_counted_and_a_pps_that_is_not_followed_is_said():
    sources = parse_sources(
        "#,?,PPS0,0,4,0,-,0,0,0\n^,*,192.0.2.1,2,6,377,35,1e-4,1e-4,1e-3\n^,?,192.0.2.2,0,6,0,-,0,0,0\n"
    )
    usable, pps = clock.judge_sources(sources, False, False)
    alone = clock.judge_sources(parse_sources("^,?,192.0.2.2,0,6,0,-,0,0,0"), False, False)

    assert (usable.level, usable.says) == (PASS, "1 of 3 time sources can be used")
    assert (pps.level, pps.check) == (WARN, "pps")
    assert levels(alone) == [WARN]
    assert clock.judge_sources(None, False, True) == []


SERVER = "^,{state},192.0.2.{n},2,6,377,35,{off},{off},0.010"
PULSE = "#,{state},PPS,0,3,377,5,{off},{off},1e-6"
SENTENCES = "#,?,NMEA,0,4,377,5,{off},{off},0.1"


def seconds(*lines):
    return [(each.level, each.says, each.do) for each in judge_seconds(parse_sources("\n".join(lines)))]


def test_a_pulse_and_servers_that_tell_the_same_second_pass():
    lines = (PULSE.format(state="*", off=0), SERVER.format(state="-", n=1, off=0.004), SENTENCES.format(off=0.1))

    assert seconds(*lines) == [(PASS, "PPS and 192.0.2.1 tell the same one", "")]


@pytest.mark.parametrize(("off", "word"), [("-1.0003", "ahead of"), ("0.998", "behind")])
def test_a_pulse_a_whole_second_off_the_servers_fails_and_says_which_way(off, word):
    (found,) = seconds(PULSE.format(state="x", off=off), *(SERVER.format(state="*", n=n, off=0.001) for n in (1, 2)))

    assert found[:2] == (FAIL, f"PPS is 1.0 s {word} 2 servers: its pulse is named by the wrong one")
    assert "offset" in found[2]


def test_sentences_that_drift_towards_the_next_pulse_are_told_with_what_to_add():
    (first, second) = seconds(PULSE.format(state="*", off=0), SENTENCES.format(off=0.38))

    assert first[0] == WARN
    assert "0.38 s off the pulse" in first[1]
    assert first[2].startswith("add +0.38 to the offset of NMEA")
    assert second[0] == PASS


def test_sentences_without_a_pulse_are_told():
    assert [level for level, *_ in seconds(SENTENCES.format(off=0))] == [WARN]


def test_a_server_in_error_is_named():
    lines = (PULSE.format(state="*", off=0), *(SERVER.format(state=s, n=n, off=o) for s, n, o in (
        ("-", 1, 0.001), ("-", 2, 0.002), ("x", 3, 0.2))))  # fmt: skip

    assert [level for level, *_ in seconds(*lines)] == [PASS, WARN]
    assert "192.0.2.3 is in error" in seconds(*lines)[1][1]


@pytest.mark.parametrize(
    "text", ["", "nonsense,,,", "#,*,PPS0", "#,*,P,0,4,377,1,nan,nan,nan", "^,x,a,0,4,377,1,1e999,inf,-"]
)
def test_sources_that_are_cut_or_nonsense_break_nothing(text):
    judge_seconds(parse_sources(text))


@pytest.mark.parametrize(
    ("room", "a_day", "level", "says"),
    [
        (disk.Room(50 * GB, 100 * GB, 10**6, 10**7, False, True), 1e8, PASS, "500 days"),
        (disk.Room(50 * GB, 100 * GB, 10**6, 10**7, False, True), 1e10, WARN, "lasts 5 days"),
        (disk.Room(GB // 2, 100 * GB, 10**6, 10**7, False, True), None, WARN, "0.5 of 100.0 GB"),
        (disk.Room(GB // 20, 100 * GB, 10**6, 10**7, False, True), None, FAIL, "free"),
        (disk.Room(50 * GB, 100 * GB, 9, 10**7, False, True), None, FAIL, "9 inodes"),
        (disk.Room(50 * GB, 100 * GB, 0, 0, False, True), None, PASS, "free"),
        (disk.Room(50 * GB, 100 * GB, 10**6, 10**7, True, True), None, FAIL, "read-only"),
        (disk.Room(50 * GB, 100 * GB, 10**6, 10**7, False, False), None, FAIL, "may not be written"),
    ],
)
def test_a_disk_is_judged_by_room_inodes_rights_and_how_long_it_lasts(room, a_day, level, says):
    verdict = disk.judge_room(room, a_day, "/var")

    assert verdict.level == level
    assert says in verdict.says


def test_how_long_a_disk_lasts_is_not_told_from_a_minute_of_rows():
    assert disk.bytes_a_day(1000, 60_000_000) is None
    assert disk.bytes_a_day(1000, 43_200_000_000) == 2000


def test_a_secret_that_others_read_or_that_is_not_there_fails_by_name():
    seen = [files.Seen("keys.toml", 0o644), files.Seen("camera.password", None), files.Seen("ok.key", 0o600)]

    assert [(each.what, each.level) for each in files.judge_secrets(seen, None)] == [
        ("keys.toml", FAIL), ("camera.password", FAIL),
    ]  # fmt: skip
    assert levels(files.judge_secrets(seen[2:], None)) == [PASS]
    assert levels(files.judge_secrets([files.Seen("a", 0o600, 1001)], 999)) == [WARN]
    assert levels(files.judge_secrets([files.Seen("broker/psk", 0o600, None)], 999)) == [PASS]


def test_a_folder_that_everybody_may_write_fails_and_one_with_the_sticky_bit_does_not():
    assert levels(files.judge_folders([files.Seen("a", 0o777)])) == [FAIL]
    assert levels(files.judge_folders([files.Seen("a", 0o1777)])) == [PASS]
    assert levels(files.judge_folders([files.Seen("a", None)])) == [WARN]


def test_figures_that_nobody_writes_any_more_fail():
    assert [files.judge_metrics(age_s, "m").level for age_s in (3.0, 300.0, None)] == [PASS, FAIL, FAIL]


def test_a_config_with_faults_is_told_in_its_own_words():
    verdicts = files.judge_config([("gateway.toml", "gateway.toml: pole: 3 poles")], ["gateway.toml", "web.toml"])

    assert [(each.what, each.level) for each in verdicts] == [("web.toml", PASS), ("gateway.toml", FAIL)]
    assert "3 poles" in verdicts[1].says


def health(**more):
    given = {
        "t_us": NOW_US, "sigma_us": 90, "clock": wire.LOCKED, "uptime_s": 60, "queued": 0, "arrivals": 0, "withheld": 0,
        "withheld_first_us": None, "withheld_last_us": None, "dropped_arrivals": 0, "dropped_healths": 0, "gaps": 0,
        "refused": 0, "temperature_cc": None, "noise_cdb": None, "level_unit": wire.DBSPL, "lamp_ma": None,
    }  # fmt: skip
    return wire.Health(**given | more)


@pytest.mark.parametrize(
    ("word", "level", "says"),
    [
        (None, FAIL, "never heard"),
        (nodes.LastWord(NOW_US - 300_000_000), FAIL, "300 s ago"),
        (nodes.LastWord(NOW_US - 3 * 86_400_000_000), FAIL, "3 d ago"),
        (nodes.LastWord(NOW_US - 1_000_000), PASS, "1 s ago"),
        (nodes.LastWord(NOW_US, health()), PASS, "locked, sigma 90 us"),
        (nodes.LastWord(NOW_US, health(clock=wire.HOLDOVER)), WARN, "holdover"),
        (nodes.LastWord(NOW_US, health(clock=wire.UNSET)), FAIL, "nothing is placed"),
        (nodes.LastWord(NOW_US, health(queued=400)), WARN, "400 records wait"),
        (nodes.LastWord(NOW_US, health(dropped_arrivals=2)), WARN, "2 arrivals were dropped"),
    ],
)
def test_a_node_is_judged_by_its_last_word(word, level, says):
    verdict = nodes.judge_node("n1", word, NOW_US)

    assert (verdict.level, verdict.what) == (level, "n1")
    assert says in verdict.says


def test_a_broker_that_refuses_fails_and_its_certificate_is_told_before_it_ends():
    good = broker.Answer("TLSv1.3", NOW + timedelta(days=400))
    soon = broker.Answer("TLSv1.3", NOW + timedelta(days=3))

    assert levels(broker.judge_broker(good, "mqtts://b:8883", NOW)) == [PASS]
    assert levels(broker.judge_broker(soon, "mqtts://b:8883", NOW)) == [PASS, WARN]
    assert levels(broker.judge_broker(broker.Answer(why="refused"), "mqtts://b:8883", NOW)) == [FAIL]
    assert levels(broker.judge_broker(broker.Answer(), "mqtt://b:1883", NOW)) == [WARN]
    assert levels(broker.judge_broker(broker.Answer(), "mqtt://127.0.0.1:1883", NOW)) == [PASS]


def test_a_bank_that_is_away_is_one_line_and_a_lamp_that_is_away_is_its_own():
    here, gone = devices.LampAnswer("L1", LampState(30)), devices.LampAnswer("L2", why="no answer")
    failing = devices.LampAnswer("L3", LampState(30, lamp_failure=True))

    assert levels(devices.judge_bank("tcp://b", [gone, gone])) == [FAIL]
    assert levels(devices.judge_bank("tcp://b", [here, gone, failing])) == [PASS, FAIL, WARN]
    assert devices.judge_bank("tcp://b", [here, gone, failing])[1].what == "L2"


def test_a_camera_whose_clock_is_off_is_said():
    assert devices.judge_camera("c", 0.4, True).level == PASS
    assert devices.judge_camera("c", -70.0, True).level == WARN
    assert devices.judge_camera("c", None, True).level == PASS


def test_a_broken_row_fails_and_a_journal_near_its_limit_is_said():
    good = journal.State(10, NOW_US, None, 10, 95_000_000)

    assert levels(journal.judge_journal(good, None, "j")) == [PASS]
    assert levels(journal.judge_journal(good, 100, "j")) == [PASS, WARN]
    assert levels(journal.judge_journal(journal.State(10, NOW_US, 7, 10, 1), None, "j")) == [FAIL]
    assert levels(journal.judge_journal(journal.State(0, None, None, 0, 1), None, "j")) == [WARN]


def test_who_writes_a_journal_is_read_off_the_kernels_list_of_locks(tmp_path):
    lock = tmp_path / "street.journal.lock"
    lock.touch()
    of_others = "1: FLOCK  ADVISORY  WRITE 77 fd:01:9 0 EOF\n2: POSIX ADVISORY READ 7 fd:01:8 0 EOF\n"
    ours = f"3: FLOCK  ADVISORY  WRITE 4711 fd:01:{lock.stat().st_ino} 0 EOF\n"

    assert journal.who_writes(tmp_path / "street.journal", of_others) is None
    assert journal.who_writes(tmp_path / "street.journal", of_others + ours) == 4711
    assert journal.who_writes(tmp_path / "other.journal", ours) is None


def test_a_library_that_is_missing_and_an_old_python_fail():
    assert levels(programs.judge_versions((3, 11, 2), "0.1.0", {"cbor2": "6"})) == [PASS]
    assert levels(programs.judge_versions((3, 11, 2), "0.1.0", {"cbor2": None})) == [FAIL]
    assert levels(programs.judge_versions((3, 9, 2), "0.1.0", {})) == [FAIL]
    requires = ["cbor2>=6", "aiohttp>=3.11; extra == 'camera'", 'fastapi>=0.1; extra == "web"']
    assert programs.needed(requires, {"camera"}) == ["aiohttp", "cbor2"]


@pytest.mark.parametrize(
    ("state", "level"), [("ok", PASS), ("behind", WARN), ("silent", FAIL), ("offline", FAIL), ("<html>", FAIL)]
)
def test_what_the_web_process_says_of_its_health_is_judged(state, level):
    assert programs.judge_web(200, state, "http://x/health").level == level


def test_a_web_database_of_a_later_program_fails():
    assert [programs.judge_database(version, 7, "web.db").level for version in (8, 7, 6)] == [FAIL, PASS, WARN]


def test_evidence_that_finds_no_room_fails():
    assert programs.judge_evidence(GB, 50 * GB, 9 * GB, GB // 2, "e").level == PASS
    assert programs.judge_evidence(49 * GB, 50 * GB, 9 * GB, GB // 2, "e").level == WARN
    assert programs.judge_evidence(GB, 50 * GB, GB // 4, GB // 2, "e").level == FAIL


def test_certificates_that_ended_fail_and_those_that_end_tomorrow_are_said():
    found = certificates.judge_ends(["mqtt.ca_file: ended; renew it"], ["broker: ends soon; renew it"])

    assert levels(found) == [FAIL, WARN]
    assert found[0].do == "renew it"
    assert levels(certificates.judge_ends([], [])) == [PASS]
    assert levels(certificates.judge_web_end(NOW + timedelta(days=1), NOW, "web.pem")) == [WARN]
    assert levels(certificates.judge_web_end(NOW - timedelta(days=1), NOW, "web.pem")) == [FAIL]


def test_a_check_that_hangs_is_said_and_takes_nobody_with_it():
    def hang():
        time.sleep(3)  # ends by itself, after everybody has gone
        return []

    def full():
        raise OSError(28, "No space left on device", "/var")

    def bug():
        raise KeyError("x")

    checks = [
        Check("slow", hang, "nfs", limit_s=0.2), Check("good", lambda: [passed("good", "it is")], limit_s=0.2),
        Check("disk", full, limit_s=0.2), Check("odd", bug, limit_s=0.2),
    ]  # fmt: skip
    found, hangs = examine(checks)

    assert hangs
    assert [(each.check, each.level) for each in found] == [
        ("slow", FAIL), ("good", PASS), ("disk", FAIL), ("odd", FAIL),
    ]  # fmt: skip
    assert "no answer within 0.2 s" in found[0].says
    assert found[2].says == "/var: No space left on device"
    assert "KeyError" in found[3].says
