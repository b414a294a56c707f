"""Who a request comes from, as the door (gateway/web/door) found it."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection


@dataclass(frozen=True, slots=True)
class Person:
    """A person who signed in, or a machine with an API key. role : of gateway/web/grants.py, "" for nobody.
    language : of a catalogue, "" where the browser decides. time_zone : of the IANA list. account : its number, 0 for
    nobody; of a machine, of the person who made the key."""

    name: str
    role: str
    language: str = ""
    time_zone: str = "UTC"
    is_machine: bool = False
    account: int = 0

    @property
    def is_signed_in(self) -> bool:
        """Whether this is anybody at all."""
        return self.role != ""

    @property
    def listens_as(self) -> str:
        """Under what its live streams are counted."""
        return f"{'key' if self.is_machine else 'account'} {self.name}"


NOBODY = Person("", "")


def who_of(connection: HTTPConnection) -> Person:
    """Whose request this is: NOBODY where no one signed in."""
    person: Person = getattr(connection.state, "person", NOBODY)
    return person
