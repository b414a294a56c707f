"""The tables of gateway.toml that say what is kept of an incident: [evidence] and what stands in it."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from gateway.evidence.cases import Rules
from gateway.evidence.letting_go import DAY_US, Limits
from gateway.evidence.push import Fields
from gateway.evidence.sightings import Window
from gateway.incident import MAY_BE_GUNSHOT
from gateway.tables import LOOPBACK, Metres, Name, Placed, Table, web_url
from hw.linux.settings import Host
from hw.rtsp_camera import place_of

File = Annotated[str, Field(min_length=1, max_length=200)]
Topic = Annotated[str, Field(pattern=r"^[^#+/\s\x00-\x1f]{1,64}$")]
Path = Annotated[str, Field(pattern=r"^([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)?$", max_length=100)]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^@\s]+$", max_length=200)]


class StreamTable(Table):
    """A camera's video.

    camera : one of [[camera]], whose place, range, user and password it has, or a name of its own with xyz_m.
    url : rtsp:// or rtsps://, without a user or password.
    xyz_m : where it stands; none: as [[camera]] says.
    range_m : incidents so near; with xyz_m.
    user : as whom it is asked; none: as [[camera]] says.
    password_file : one line, the password.
    ca_file : the authority that signed an rtsps camera's certificate; none: one that this host trusts.
    most_mb : of memory for its last seconds; what does not fit shortens the clip's beginning, and is said.
    """

    camera: Name
    url: str = Field(max_length=300)
    xyz_m: tuple[Metres, Metres, Metres] | None = None
    range_m: float | None = Field(default=None, gt=0, le=5000)
    user: str | None = Field(default=None, max_length=64)
    password_file: File | None = None
    ca_file: File | None = None
    most_mb: int = Field(default=64, ge=1, le=2000)

    @model_validator(mode="after")
    def _place(self) -> Self:
        is_tls = place_of(self.url).is_tls
        if self.ca_file is not None and not is_tls:
            raise ValueError("ca_file: only with an rtsps url")
        if (self.xyz_m is None) != (self.range_m is None):
            raise ValueError("give xyz_m and range_m together, or neither where [[camera]] has them")
        return self


class FieldsTable(Table):
    """Where a vendor's push has what: names of members, with dots where they lie deeper.

    plate : what was read.
    confidence : how sure.
    at : when.
    picture : the picture, base64.
    each : the list of sightings; empty: the message is one.
    confidence_of : what the vendor's full confidence is: 1 or 100.
    """

    plate: Path = "plate"
    confidence: Path = "confidence"
    at: Path = "at"
    picture: Path = "picture"
    each: Path = ""
    confidence_of: float = Field(default=1.0, gt=0, le=10_000)

    def fields(self) -> Fields:
        """As gateway/evidence/push.py has them."""
        return Fields(**self.model_dump())


class TriggerTable(Table):
    """How a reader is told to read.

    kind : `onvif` (a relay of the device), `http` (a POST) or `contact` (a coil of a Modbus board).
    url : of the device, of the POST, or of the board as of a lamp bank.
    relay : of kind onvif: the relay's token.
    coil : of kind contact: the coil's number.
    user : as whom it is asked; with password_file.
    password_file : one line, the password; with http only over https:// or to this computer.
    pulse_s : how long relay or coil is on.
    """

    kind: str = Field(pattern=r"^(onvif|http|contact)$")
    url: str = Field(min_length=1, max_length=200)
    relay: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]{1,64}$")
    coil: int | None = Field(default=None, ge=0, le=65535)
    user: str = Field(default="", max_length=64)
    password_file: File | None = None
    pulse_s: float = Field(default=0.5, ge=0.05, le=2.0)

    @model_validator(mode="after")
    def _kind(self) -> Self:
        wanted = {"onvif": ("relay",), "http": (), "contact": ("coil",)}[self.kind]
        given = tuple(name for name in ("relay", "coil") if getattr(self, name) is not None)
        if given != wanted:
            raise ValueError(f"kind {self.kind}: give {wanted[0] if wanted else 'neither relay nor coil'}")
        if bool(self.user) != (self.password_file is not None):
            raise ValueError("give both user and password_file, or neither")
        if self.kind != "contact":
            try:
                parts = web_url(self.url)
            except ValueError as error:
                raise ValueError(f"url: {error}") from None
            if self.kind == "http" and self.user and parts.scheme == "http" and parts.hostname not in LOOPBACK:
                raise ValueError("url: a password goes over https:// only (http:// to this computer itself, too)")
        return self


class ReaderTable(Placed):
    """A plate reader or a camera's analytics. A sighting counts where the incident is within range_m of the reader,
    or near the sighting's own place where it tells one.

    name : its name, in rows and in the address that it pushes to.
    range_m : incidents so near.
    topic : its TopicPrefix, where it speaks ONVIF Profile M over [evidence.mqtt].
    push : it pushes to /readers/NAME of [evidence.http].
    fields : what its push calls what.
    plates : whether plates are taken of it.
    objects : whether people and vehicles are.
    trigger : how it is told to read; none: it is not.
    """

    name: Name
    range_m: float = Field(default=100.0, gt=0, le=5000)
    topic: Topic | None = None
    push: bool = False
    fields: FieldsTable = FieldsTable()
    plates: bool = True
    objects: bool = False
    trigger: TriggerTable | None = None

    @model_validator(mode="after")
    def _way(self) -> Self:
        if (self.topic is not None) and self.push:
            raise ValueError("give topic or push = true, not both")
        if self.topic is None and not self.push and self.trigger is None:
            raise ValueError("give topic, push = true or a trigger")
        if self.push and not self.plates:
            raise ValueError("push: brings plates only")
        if not self.plates and not self.objects:
            raise ValueError("plates, objects: one of them must be true, or nothing of it is ever taken")
        return self


class EvidenceMqttTable(Table):
    """The broker that readers speak through; a client id of our own.

    host : the broker.
    port : its port.
    user : as whom the process signs in, where not by certificate.
    password_file : one line, the password.
    tls : false only on this computer, where a password is given.
    ca_file : the authority that signed its certificate; none: one that this host trusts.
    cert_file : our own certificate.
    tls_key_file : the key of cert_file.
    """

    host: Host
    port: int = Field(default=8883, ge=1, le=65535)
    user: str | None = Field(default=None, max_length=64)
    password_file: File | None = None
    tls: bool = True
    ca_file: File | None = None
    cert_file: File | None = None
    tls_key_file: File | None = None

    @model_validator(mode="after")
    def _clear(self) -> Self:
        if self.password_file is not None and not self.tls and self.host not in LOOPBACK:
            raise ValueError(f"tls: a password goes over TLS only, but to {', '.join(LOOPBACK)}")
        if self.password_file is not None and self.user is None:
            raise ValueError("password_file: give user, too")
        return self


class EvidenceHttpTable(Table):
    """Where readers push to.

    host : the address to listen at; another than this computer's own only with a certificate.
    port : the port to listen at; 0: one that is free.
    token_file : the one line that readers show, as a bearer token or as the password.
    cert_file : the certificate that it shows.
    tls_key_file : the key of cert_file.
    """

    host: Host = "127.0.0.1"
    port: int = Field(default=8070, ge=0, le=65535)
    token_file: File
    cert_file: File | None = None
    tls_key_file: File | None = None

    @model_validator(mode="after")
    def _clear(self) -> Self:
        if (self.cert_file is None) != (self.tls_key_file is None):
            raise ValueError("give cert_file and tls_key_file together, or neither")
        if self.cert_file is None and self.host not in LOOPBACK:
            raise ValueError("host: without cert_file and tls_key_file only 127.0.0.1, ::1 or localhost")
        return self


class EvidenceTable(Table):
    """What is kept of an incident, and for how long.

    folder : where it is kept, encrypted; must be there.
    key_file : the gateway's key, under which each incident's is wrapped; without it nothing of the folder opens.
    by : as whom the journal is told; one of requests_keys_file.
    request_key_file : the key of `by`.
    before_s : of video before the first round.
    after_s : of video after the last round known.
    longest_s : of a clip; before_s + after_s or more.
    min_grade : of the incident's best round.
    min_p_gunshot : of the incident's likeliest round.
    soon : readers are told to read for a provisional round, too.
    keep_days : after which everything goes.
    keep_no_gunshot_days : after which goes what was reviewed as no gunshot.
    most_gb : of the folder; past it what was reviewed goes first.
    least_free_mb : of the disk; below it likewise.
    nice : of the process: 19 makes way for everything, 0 for nothing.
    sightings_before_s : which sightings count, before the first shot.
    sightings_after_s : and after the last one.
    sightings_near_m : of a sighting that tells its own place.
    sightings_most_mb : of memory for what waits, of each reader.
    stream : cameras whose video is kept.
    reader : plate readers and analytics.
    mqtt : where readers have a topic.
    http : where readers push.
    """

    folder: File = "evidence"
    key_file: File
    by: Name = "evidence"
    request_key_file: File
    before_s: float = Field(default=10.0, ge=1, le=60)
    after_s: float = Field(default=30.0, ge=1, le=600)
    longest_s: float = Field(default=600.0, ge=10, le=3600)
    min_grade: str = Field(default="C", pattern=r"^[ABC]$")
    min_p_gunshot: float = Field(default=MAY_BE_GUNSHOT, ge=0, le=1)
    soon: bool = True
    keep_days: float = Field(default=30.0, ge=0.01, le=3650)
    keep_no_gunshot_days: float = Field(default=1.0, ge=0.01, le=3650)
    most_gb: float = Field(default=50.0, ge=0.01, le=100_000)
    least_free_mb: int = Field(default=500, ge=1, le=1_000_000)
    nice: int = Field(default=15, ge=0, le=19)
    sightings_before_s: float = Field(default=30.0, ge=0, le=600)
    sightings_after_s: float = Field(default=120.0, ge=0, le=3600)
    sightings_near_m: float = Field(default=150.0, gt=0, le=5000)
    sightings_most_mb: int = Field(default=16, ge=1, le=1000)
    stream: tuple[StreamTable, ...] = ()
    reader: tuple[ReaderTable, ...] = ()
    mqtt: EvidenceMqttTable | None = None
    http: EvidenceHttpTable | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for what, names in (
            ("camera", [each.camera for each in self.stream]),
            ("reader", [one.name for one in self.reader]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]} stands there twice")
        topics = [each.topic for each in self.reader if each.topic is not None]
        if len(set(topics)) < len(topics):
            raise ValueError("reader: two have one topic")
        if topics and self.mqtt is None:
            raise ValueError("reader: a topic needs [evidence.mqtt]")
        if any(each.push for each in self.reader) and self.http is None:
            raise ValueError("reader: push needs [evidence.http]")
        if self.longest_s < self.before_s + self.after_s:
            least_s = self.before_s + self.after_s
            raise ValueError(f"longest_s {self.longest_s:g}: must be before_s + after_s, {least_s:g}, to 3600")
        if not self.stream and not self.reader:
            raise ValueError("gives neither a [[evidence.stream]] nor a [[evidence.reader]]")
        return self

    def rules(self) -> Rules:
        """When to record."""
        before_us, after_us, longest_us = map(_us, (self.before_s, self.after_s, self.longest_s))
        return Rules(before_us, after_us, longest_us, self.min_grade, self.min_p_gunshot, self.soon)

    def limits(self) -> Limits:
        """When to let go."""
        keep_us, no_gunshot_us = round(self.keep_days * DAY_US), round(self.keep_no_gunshot_days * DAY_US)
        return Limits(keep_us, no_gunshot_us, round(self.most_gb * 1e9))

    def window(self) -> Window:
        """Which sightings count."""
        return Window(_us(self.sightings_before_s), _us(self.sightings_after_s), self.sightings_near_m)


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
