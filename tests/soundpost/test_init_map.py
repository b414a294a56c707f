"""What the map says of a street, and the certificates that its folder gets."""

import math
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from soundpost.broker import authority
from soundpost.init.page import page
from soundpost.init.places import site_of
from soundpost.init.reach import MAJOR_M, NEAR_M, SIGMA_S, SPEED_MPS, grade_a_cells, next_ones
from soundpost.init.survey import PoleAt, Survey

RING = {f"n{n}": (80 * math.cos(n * math.pi / 4), 80 * math.sin(n * math.pi / 4), 6.0) for n in range(8)}
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def survey(metres):
    """Poles so many metres north of the first."""
    return Survey(tuple(PoleAt(f"P{n}", 38.9 + m / 111_000, -77.0, 6.0, node=f"n{n}") for n, m in enumerate(metres)))


def test_each_node_is_told_the_next_one_and_what_is_wrong_with_that():
    nexts = {
        each.node: each for each in next_ones({"a": (0, 0, 6), "b": (10, 0, 9), "c": (0, 300, 6), "d": (0, 350, 6)})
    }

    assert [(each.other, round(each.away_m)) for each in nexts.values()] == [("b", 10), ("a", 10), ("d", 50), ("c", 50)]
    assert "nearer than 15 m" in nexts["a"].remark
    assert nexts["c"].remark == ""


def test_in_the_middle_of_a_ring_grade_a_is_possible_and_of_five_poles_nowhere():
    side_m, cells = grade_a_cells(RING)
    middles = [(e_m + side_m / 2, n_m + side_m / 2) for e_m, n_m in cells]

    assert min(math.hypot(*middle) for middle in middles) < side_m
    assert grade_a_cells(dict(list(RING.items())[:5]))[1] == []


def test_on_a_line_of_poles_nobody_knows_which_side_and_grade_a_is_possible_nowhere_along_it():
    line = {f"n{n}": (50.0 * n, 0.0, 6.0) for n in range(8)}
    side_m, cells = grade_a_cells(line)

    assert not any(abs(n_m + side_m / 2) < 1.0 and 0 < e_m < 350 for e_m, n_m in cells)


def test_the_ellipse_in_the_middle_of_a_ring_is_what_theory_says():
    """Of n unit vectors evenly round, sum u u^T is n/2 times the identity: sigma_m = sigma_t c sqrt(2/n)."""
    major_m = SIGMA_S * SPEED_MPS * math.sqrt(2 / 8 * 5.991464547107979)
    far = {node: (e_m * 5.0, n_m * 5.0, 6.0) for node, (e_m, n_m, _) in RING.items()}

    assert major_m < MAJOR_M < 80 < 80 * 5 < NEAR_M
    assert grade_a_cells(far)[1] != []


def test_a_street_that_moves_takes_its_area_along():
    moved = {node: (e_m + 1000, n_m - 500, up_m) for node, (e_m, n_m, up_m) in RING.items()}
    (side_m, cells), (same_m, others) = grade_a_cells(RING), grade_a_cells(moved)

    assert (side_m, len(cells)) == (pytest.approx(same_m), len(others))


def test_the_page_shows_distances_and_says_what_to_look_at():
    told = page("a <street>", (few := survey([0, 60, 120, 130, 500])), site_of(few), ["row 3: is empty"])

    assert "<title>a &lt;street&gt;</title>" in told
    assert "60 m</text>" in told
    assert "this street gives grades B and C only" in told
    assert "n2 and n3, 10 m: nearer than 15 m" in told
    assert "n4 and n3, 370 m: farther than 250 m" in told
    assert "row 3: is empty" in told
    assert "http://" not in told.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in told


def shake_hands(client, server):
    """TLS in memory: what either end raises, comes out."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname="gateway.street.example"),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    due = list(ends)
    for _ in range(10):
        for end in list(due):
            try:
                end.do_handshake()
                due.remove(end)
            except ssl.SSLWantReadError:
                continue
    assert due == []
    ends[0].write(b"x")
    assert ends[1].read(1) == b"x"
    return ends[1].getpeercert()


def context(tmp_path, kind, ca, mine):
    found = ssl.SSLContext(kind)
    found.verify_mode, found.minimum_version = ssl.CERT_REQUIRED, ssl.TLSVersion.TLSv1_3
    found.verify_flags |= ssl.VERIFY_X509_STRICT
    found.load_verify_locations(cadata=ca.certificate)
    path = tmp_path / f"{kind}.pem"
    path.touch(0o600)
    path.write_text(mine.certificate + mine.key)
    found.load_cert_chain(path)
    return found


def test_the_certificates_hold_before_the_strictest_reader_of_rfc_5280(tmp_path):
    now = datetime.now(UTC)
    ca = authority.found_authority("soundpost street", now)
    server = context(
        tmp_path, ssl.PROTOCOL_TLS_SERVER, ca, authority.issue(ca, "broker", now, ["gateway.street.example"])
    )
    client = context(tmp_path, ssl.PROTOCOL_TLS_CLIENT, ca, authority.issue(ca, "n1", now))

    assert shake_hands(client, server)["subject"] == ((("commonName", "n1"),),)


def test_a_nodes_certificate_is_no_brokers(tmp_path):
    now = datetime.now(UTC)
    ca = authority.found_authority("soundpost street", now)
    server = context(tmp_path, ssl.PROTOCOL_TLS_SERVER, ca, authority.issue(ca, "gateway.street.example", now))
    client = context(tmp_path, ssl.PROTOCOL_TLS_CLIENT, ca, authority.issue(ca, "n1", now))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(client, server)


def test_what_was_taken_back_stays_so_and_the_list_never_runs_out():
    ca = authority.found_authority("soundpost street", NOW)
    first, second = (authority.issue(ca, name, NOW).certificate for name in ("n1", "n2"))
    listed = authority.take_back(ca, authority.take_back(ca, "", [first], NOW), [second, second], NOW)
    read, signer = x509.load_pem_x509_crl(listed.encode()), x509.load_pem_x509_certificate(ca.certificate.encode())
    numbers = {x509.load_pem_x509_certificate(each.encode()).serial_number for each in (first, second)}

    assert {entry.serial_number for entry in read} == numbers
    assert read.is_signature_valid(signer.public_key())
    assert read.next_update_utc == signer.not_valid_after_utc
    assert read.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 2


def test_no_certificate_outlives_its_authority():
    ca = authority.found_authority("soundpost street", NOW)
    late = authority.issue(ca, "n1", NOW + timedelta(days=authority.AUTHORITY_DAYS - 10))
    ends = [x509.load_pem_x509_certificate(each.certificate.encode()).not_valid_after_utc for each in (ca, late)]

    assert ends[1] <= ends[0]
