"""Certificates' ends as a service sees them, which may not look into the authority's folder."""

import os
import pathlib
from datetime import UTC, datetime, timedelta

from gateway.intake.tables import MqttTable
from soundpost.broker.authority import found_authority, issue
from soundpost.certificate_ends import ending, sees_all
from soundpost.doctor.certificates import judge_ends

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def street(folder):
    """A gateway's certificate that ends tomorrow, and its authority beside it."""
    authority = found_authority("street", NOW)
    (folder / "authority").mkdir()
    (folder / "authority/ca.key").write_text(authority.key)
    (folder / "gateway.pem").write_text(issue(authority, "gateway", NOW, lasts=timedelta(days=1)).certificate)
    return MqttTable(host="127.0.0.1", port=8883, cert_file="gateway.pem", tls_key_file="gateway.key")


def test_a_service_that_may_not_see_the_authority_still_says_which_ends_and_how_it_is_renewed(tmp_path, monkeypatch):
    table, stat = street(tmp_path), pathlib.Path.stat

    def refuses(path, **more):
        if path.name == "ca.key":
            raise PermissionError(13, "Permission denied")
        return stat(path, **more)

    monkeypatch.setattr(pathlib.Path, "stat", refuses)
    over, soon = ending(table, tmp_path, NOW)

    assert over == []
    assert len(soon) == 1
    assert f"soundpost keys rotate gateway --out {tmp_path}/keys makes a new one" in soon[0]


def test_a_street_whose_authority_is_kept_elsewhere_names_no_command_that_cannot_work(tmp_path):
    table = street(tmp_path)
    (tmp_path / "authority/ca.key").unlink()

    assert ending(table, tmp_path, NOW)[1][0].endswith("have a new one made, and start the gateway again")


def test_the_doctor_says_where_it_may_not_look(tmp_path, monkeypatch):
    street(tmp_path)
    looks = sees_all(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    assert (looks, sees_all(tmp_path), sees_all(tmp_path / "none")) == (True, False, True)
    assert "by root reads nodes' too" in judge_ends([], [], False)[0].says
    assert "root" not in judge_ends([], [], True)[0].says
