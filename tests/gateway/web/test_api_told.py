"""What the API tells is what the store has: a field that a record gains is told, or left out on purpose."""

import dataclasses

import pytest

from gateway.web import records, street
from gateway.web.api import told, told_street

PAIRS = [
    (told_street.Alarm, street.AlarmState, set()),
    (told_street.Health, street.HealthSaid, set()),
    (told_street.Pole, street.PoleState, set()),
    (told_street.Order, street.Order, set()),
    (told.ReviewTold, records.Review, set()),
    (told.Incident, records.Brief, {"began"}),
]


@pytest.mark.parametrize(("model", "record", "untold"), PAIRS, ids=[pair[0].__name__ for pair in PAIRS])
def test_a_record_is_told_whole(model, record, untold):
    assert set(model.model_fields) == {each.name for each in dataclasses.fields(record)} - untold
