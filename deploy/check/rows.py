"""What `make deploy-check` shows: each row of its table, and by which tests."""

from dataclasses import dataclass

DEBIANS, INIT = "tests/deploy/test_on_clean_debians.py", "tests/soundpost/test_init_"
RUNS = {
    "debians": (DEBIANS,),
    "arm64": ("tests/deploy/test_arm64_packages.py",),
    "fleet": ("tests/deploy/test_fleet*.py",),
    "containers": ("tests/deploy/test_containers*.py",),
    "agreement": ("tests/deploy/test_agreement*.py",),
    "keys": (f"{INIT}runs.py",),
    "backup": ("tests/soundpost/test_journal_copies.py",),
    "surveys": (f"{INIT}survey*.py",),
    "before": ("tests/gateway/journal/test_format.py", "tests/soundpost/test_gateway_check.py"),
}
"""One run of pytest each: its files, all of which a pattern finds."""


@dataclass(frozen=True, slots=True)
class Row:
    """run : of RUNS. tests : a pattern of the names of its tests that show this row, "" for all."""

    what: str
    bar: str
    run: str
    tests: str = ""


def _of_each_debian(what: str, bar: str, tests: str) -> tuple[Row, ...]:
    return tuple(Row(f"Debian {number}: {what}", bar, "debians", rf"(?:{tests}).*\[{number}\b") for number in (12, 13))


ROWS = (
    *_of_each_debian(
        "install, init of 12 poles, start under systemd, doctor; no network",
        "all PASS, <= 10 min, <= 10 commands",
        "handbooks_commands",
    ),
    *_of_each_debian("a shot among the 12", "an incident, lamps at 100 %", "a_shot_in_the_street"),
    *_of_each_debian("upgrade with a journal of 10^6 rows", "nothing lost, <= 30 s silent", "an_upgrade_loses"),
    *_of_each_debian("downgrade, removal, purge", "said plainly, nothing lost", "a_downgrade_says|removing_keeps"),
    *_of_each_debian("systemd-analyze security and verify, each unit", "<= 2.0, nothing said", "little_exposed"),
    *_of_each_debian("a node installs, and checks its folder", "good", "a_node_installs"),
    Row("arm64: what the packages hold, and run in QEMU", "aarch64 code, all of it", "arm64"),
    Row(
        "a node's key revoked while it sends", "refused in <= 5 s, and after a restart", "keys", "taken_back|thrown_out"
    ),
    Row("backup under 500 frames a second, restored elsewhere", "whole, the same incidents", "backup", "under_500"),
    *_of_each_debian("its backup, restored after a purge", "verified, the same incidents, all PASS", "restored|backup"),
    Row("Ansible: three gateways, one fails its check", "stops there, the others as they were", "fleet"),
    Row("containers of the same packages", "an arrival through to an ack; data outlive them", "containers"),
    Row("--help, man page and handbook", "agree on every option", "agreement"),
    Row("bad surveys: BOM, semicolons, commas, doubles, feet, swapped", "one line each, nothing half done", "surveys"),
    Row("journal and settings of a release before", "read, brought up, said", "before", "of_before|way_up|up_to_date"),
    *_of_each_debian("disk full during an upgrade", "one line, nothing changed", "a_disk_that_is_full"),
    *_of_each_debian("a certificate that ends tomorrow", "said by gateway and doctor", "ends_tomorrow"),
    *_of_each_debian("the clock starts in 1970", "said by gateway and doctor", "in_1970"),
)
