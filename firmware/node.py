"""The node: samples and ticks in, effects out. It owns no microphone, socket, disk or clock; its shell does.

    feed(samples, tick)   what was heard      -> arrivals: Keep, then Send
    tick(now_us)          time goes on        -> health every 20 s, probes
    receive(frame)        what came down      -> Forget what is acked, Obey a command, Take of an update
    connected()           a new connection    -> Send everything that is open

The shell carries effects out in their order: a record is on disk (Keep) before it is on the wire (Send), so that a
kill at any instant loses nothing that was sent. now_us is any clock that only goes forward; UTC comes from the ticks
alone, through `clock`.

A storm of onsets is limited by a token bucket that runs on the samples' own time: BURST at once, then RATE a second.
From half empty on, clips stay behind; when empty, onsets are counted, and the next health says how many and when.
Portable and pure.
"""

from collections import namedtuple

from firmware import wire
from firmware.cbor import Page
from firmware.clock import Clock, root
from firmware.mac import Mac
from firmware.outbox import CALLED_US, Outbox, Saved

HEALTH_US = 20_000_000
BURST, RATE = 60, 4
"""Arrivals. A magazine of 30 with an echo each fits; notes/reliability.md T9 suggests 20 and 2 a second."""
COMMAND_MEMORY = 64

Heard = namedtuple(
    "Heard",
    (
        "tick_q8", "sigma_us", "level_cdb", "snr_cdb", "p_gunshot_permille", "sound", "channel", "shape", "clip",
        "clip_hz",
    ),
)  # fmt: skip
"""An onset in integers: its tick times 256, one sigma of its picking, and the fields of wire.Arrival."""

Keep = namedtuple("Keep", ("saved",))
"""Effect: put this outbox.Saved on disk; done when it is durable."""
Send = namedtuple("Send", ("frame",))
"""Effect: send this if there is a connection; if not, `connected` will bring it again."""
Forget = namedtuple("Forget", ("keys", "acked"))
"""Effect: these (boot, sequence) need no longer be kept. Need not be durable: what is kept too long is acked again.
acked: the gateway has them; False: a full outbox let them go."""
Obey = namedtuple("Obey", ("verb", "argument"))
"""Effect: a command from the gateway that is the shell's to carry out; verb is one of firmware.linux.names."""
Take = namedtuple("Take", ("record",))
"""Effect: the gateway's wire.Update or wire.Part, for whoever takes updates; `answer` says what comes of it."""


class Ear:
    """What a node asks of its detector. Its ticks count from the first sample it was fed, skipped ones included."""

    level_unit = wire.DBFS
    noise_cdb: "int | None" = None
    """The noise that onsets rise from, once known, in level_unit."""

    def feed(self, samples: object) -> list[Heard]:
        """Hear the next samples; comes back: the onsets that are certain now."""
        raise NotImplementedError

    def skip(self, n_samples: int) -> list[Heard]:
        """So many samples were lost here; comes back: the onsets that are certain now."""
        raise NotImplementedError

    def flush(self) -> list[Heard]:
        """The stream has ended; comes back: the onsets that were still open."""
        raise NotImplementedError


class Node:
    """name: the node's, 1 to 32 bytes of UTF-8. key: 32 bytes, shared with the gateway. clips: False keeps clips here.

    temperature_cc, lamp_ma: set by the shell when it measures them. gaps: losses of sound. words, refused: frames that
    were the gateway's word to this node, and those that were not, or commands not obeyed; refused_why: why the last.
    """

    def __init__(self, detector: Ear, clock: Clock, outbox: Outbox, name: str, key: bytes, clips: bool = True) -> None:
        self.detector = detector
        self.clock = clock
        self.outbox = outbox
        self.name = name
        self.clips = clips
        self.temperature_cc: int | None = None
        self.lamp_ma: int | None = None
        self.arrivals = self.withheld = self.gaps = self.words = self.refused = 0
        self.refused_why = ""
        self._kid = name.encode()
        self._mac = Mac(key)
        self._page = Page(wire.MAX_FRAME)
        self._first = 0
        self._next: int | None = None
        self._bucket, self._bucket_tick = BURST * clock.rate_hz, 0
        self._withheld_us: list[int] = []
        self._now_us = 0
        self._start_us: int | None = None
        self._health_us: int | None = None
        self._anchor = (0, 0, 0)
        self._commands: list[int] = []

    def feed(self, samples: object, tick: int) -> list:  # type: ignore[type-arg]
        """Hear samples whose first has this tick. A tick beyond the next is a gap; ValueError for one before it."""
        heard = []
        if self._next is None:
            self._first = tick
        elif tick < self._next:
            raise ValueError(f"tick {tick} comes after tick {self._next - 1}")
        elif tick > self._next:
            self.gaps += 1
            heard = self.detector.skip(tick - self._next)
        self._next = tick + len(samples)  # type: ignore[arg-type]
        return self._hear(heard + self.detector.feed(samples))

    def flush(self) -> list:  # type: ignore[type-arg]
        """The sound has ended: what is still to be said about it."""
        return self._hear(self.detector.flush())

    def tick(self, now_us: int) -> list:  # type: ignore[type-arg]
        """Time has come to now_us, on a clock that only goes forward."""
        if self._start_us is None:
            self._start_us = now_us
        self._now_us = now_us
        if self._next is not None and self._next != self._anchor[0]:
            self._anchor = (self._next, now_us, self.clock.utc_us(self._next << 8))
        if self._health_us is None or now_us - self._health_us >= HEALTH_US:
            return self.report()
        return self._again(self.outbox.probe(now_us))

    def connected(self) -> list:  # type: ignore[type-arg]
        """There is a new connection to the gateway: everything that it has not acknowledged goes again."""
        return self._again(self.outbox.all_again(self._now_us))

    def unsent(self, frame: bytes) -> None:
        """This frame of a Send was not sent, and goes when the next ack has come."""
        parts = wire.split(frame)
        self.outbox.unsent((parts.boot, parts.sequence))

    def receive(self, frame: bytes) -> list:  # type: ignore[type-arg]
        """A frame came. What is not the gateway's word is counted in `refused`, and nothing else comes of it."""
        try:
            if wire.split(frame).kid != self._kid:
                return []  # to another node on the same wire
            opened = wire.open(frame, self._mac)
        except wire.BadFrame as error:
            return self._refuse(error.reason)
        self.words += 1
        if isinstance(opened.record, wire.Ack):
            return self._acked(opened.record)
        if isinstance(opened.record, wire.Command):
            return self._command(opened.record)
        return [Take(opened.record)]

    def answer(self, progress: wire.Progress) -> list:  # type: ignore[type-arg]
        """Say how an update stands. It is not kept: what is lost is asked for again."""
        return [Send(self._sealed(progress, self.outbox.next_sequence()))]

    def report(self) -> list:  # type: ignore[type-arg]
        """Say now how the node is."""
        self._health_us = self._now_us
        tick, clock = self._anchor[0], self.clock
        first_us, last_us = (self._withheld_us[0], self._withheld_us[-1]) if self._withheld_us else (None, None)
        known = self._next is not None
        health = wire.Health(
            t_us=self._utc_us(), sigma_us=clock.sigma_us(tick) if known else wire.U32,
            clock=clock.state(tick) if known else wire.UNSET,
            uptime_s=(self._now_us - (self._start_us or 0)) // 1_000_000, queued=len(self.outbox),
            arrivals=self.arrivals, withheld=self.withheld, withheld_first_us=first_us, withheld_last_us=last_us,
            dropped_arrivals=self.outbox.dropped_arrivals, dropped_healths=self.outbox.dropped_healths,
            gaps=self.gaps, refused=self.refused, temperature_cc=self.temperature_cc,
            noise_cdb=self.detector.noise_cdb, level_unit=self.detector.level_unit, lamp_ma=self.lamp_ma,
        )  # fmt: skip
        self.withheld, self._withheld_us = 0, []
        return self._say(health)

    def _hear(self, onsets: list[Heard]) -> list:  # type: ignore[type-arg]
        effects = []
        for heard in onsets:
            tick_q8 = heard.tick_q8 + (self._first << 8)
            t_us = max(0, self.clock.utc_us(tick_q8))
            if self._may_say(tick_q8 >> 8):
                self.arrivals += 1
                effects.extend(self._tell(heard, tick_q8 >> 8, t_us))
            else:
                self.withheld += 1
                self._withheld_us = self._withheld_us[:1] + [t_us]
        return effects

    def _tell(self, heard: Heard, tick: int, t_us: int) -> list:  # type: ignore[type-arg]
        """With its clip, where there is memory for it: an arrival must not be lost for that."""
        clips = self.clips and heard.clip is not None and self._bucket * 2 >= BURST * self.clock.rate_hz
        try:
            return self._say(self._arrival(heard, tick, t_us, clips))
        except MemoryError:
            return self._say(self._arrival(heard, tick, t_us, False))

    def _arrival(self, heard: Heard, tick: int, t_us: int, with_clip: bool) -> wire.Arrival:
        sigma_us = root(heard.sigma_us * heard.sigma_us + self.clock.sigma_us(tick) ** 2)
        return wire.Arrival(
            t_us=t_us, sigma_us=max(1, min(wire.U32, sigma_us)), clock=self.clock.state(tick),
            level_cdb=heard.level_cdb, level_unit=self.detector.level_unit, snr_cdb=heard.snr_cdb,
            p_gunshot_permille=heard.p_gunshot_permille, sound=heard.sound, channel=heard.channel, shape=heard.shape,
            clip=heard.clip if with_clip else None, clip_hz=heard.clip_hz if with_clip else None,
        )  # fmt: skip

    def _may_say(self, tick: int) -> bool:
        rate_hz = self.clock.rate_hz
        self._bucket = min(BURST * rate_hz, self._bucket + max(0, tick - self._bucket_tick) * RATE)
        self._bucket_tick = max(tick, self._bucket_tick)
        if self._bucket < rate_hz:
            return False
        self._bucket -= rate_hz
        return True

    def _say(self, record: tuple) -> list:  # type: ignore[type-arg]
        sequence = self.outbox.next_sequence()
        frame = self._sealed(record, sequence)
        saved = Saved(self.outbox.boot, sequence, isinstance(record, wire.Health), frame)
        gone = self.outbox.put(saved, self._now_us)
        effects = [Keep(saved), Send(frame)]
        return [Forget(gone, False)] + effects if gone else effects

    def _sealed(self, record: tuple, sequence: int) -> bytes:  # type: ignore[type-arg]
        return wire.seal(record, self._mac, self._kid, self.outbox.boot, sequence, self._page)

    def _again(self, frames: list[bytes]) -> list:  # type: ignore[type-arg]
        return [Send(self._under_key(frame)) for frame in frames]

    def _under_key(self, frame: bytes) -> bytes:
        """What an earlier run said may lie here under the key that the node had then."""
        try:
            return frame if wire.split(frame).boot == self.outbox.boot else wire.resealed(frame, self._mac)
        except wire.BadFrame:  # the disk's fault; the gateway counts it
            return frame

    def _acked(self, ack: wire.Ack) -> list:  # type: ignore[type-arg]
        freed = self.outbox.acked(ack.spans, self._now_us)
        called = (CALLED_US, self.outbox.limit) if not ack.spans else ()
        again = self._again(self.outbox.settled_again(self._now_us, *called))
        return [Forget(freed, True)] + again if freed else again

    def _command(self, command: wire.Command) -> list:  # type: ignore[type-arg]
        """Once, and in its time: a node that does not know the time obeys nothing that could be old."""
        if self._next is None or self.clock.state(self._next) == wire.UNSET:
            return self._refuse("command before the time is known")
        if command.expires_us < self._utc_us():
            return self._refuse("command too late")
        if command.id in self._commands:
            return self._refuse("command twice")
        self._commands = (self._commands + [command.id])[-COMMAND_MEMORY:]
        return self.report() if command.verb == wire.REPORT else [Obey(command.verb, command.argument)]

    def _refuse(self, why: str) -> list:  # type: ignore[type-arg]
        self.refused += 1
        self.refused_why = why
        return []

    def _utc_us(self) -> int:
        """UTC now, by the ticks; before any, the time since start."""
        if self._next is None:
            return max(0, self._now_us - (self._start_us or 0))
        return max(0, self._anchor[2] + self._now_us - self._anchor[1])
