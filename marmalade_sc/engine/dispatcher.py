"""The dispatcher's judgement, without its sockets: frames of sources in, packets for scsynth out.

It checks notes, rewrites ids, drops what a swap or a release has made stale, merges what falls on one instant, holds
it until shortly before it is due, never lets scsynth hold too many bundles, and decides what is late. Time is an
argument; the live engine and the renderer run the same object.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.agenda import Agenda
from marmalade_sc.engine.guests import CEILING, Guest
from marmalade_sc.engine.held import Held
from marmalade_sc.engine.layout import MOST_TRACKS, voice_node
from marmalade_sc.engine.limits import Counts, Limits
from marmalade_sc.engine.mixer import Mixer
from marmalade_sc.engine.packets import Packet, packed
from marmalade_sc.engine.refusals import Refusals
from marmalade_sc.engine.reign import Reign
from marmalade_sc.engine.sampleclock import SampleMap
from marmalade_sc.engine.sounding import Note, Sounding
from marmalade_sc.engine.strips import StripSettings
from marmalade_sc.engine.voices import VoiceTable
from marmalade_sc.errors import EngineError, FrameError, MarmaladeError
from marmalade_sc.ids import check_name
from marmalade_sc.sdk.frames import Bundles, Frame, Mix, Release, Section, Swap, TimelineChange
from marmalade_sc.sdk.osc import message, read_bundle

__all__ = ["Dispatcher"]

_MS: Final = UNITS_PER_SECOND // 1000
_CUT: Final = -1.01
"""Gate of a voice that is stolen: below -1 an envelope ends within `-1 - gate` seconds, here 10 ms."""
_LAST_BLOCK: Final = 5 * _MS
"""How long after that a strip opens; a block has 1.3 ms at 48 kHz."""
_LAST_EPOCH: Final = 1 << 62
"""After it nothing of an instance plays."""
_FADED_S: Final = 0.045
"""How long after a fade its voices are freed. The fade begins when scsynth reads of it and goes by samples, the end
goes by the clock: an xrun or a long period in between must not cut the fade short, which clicks. A fade of 20 ms, this
and the strip's opening (5 ms later, within 5 ms) fit before what may land after a hush (85 ms)."""


class Dispatcher:
    """See the module. One thread at a time; never blocks.

    Args:
        voices: the synthdefs that notes may name, and the mode.
        mixer: the channels that tracks play into.
        log: called with (due, track, message as the source wrote it, sample of the server's clock on which the note
            is to begin, or 0 while that clock is not known) for every note handed over.
        journal: called with every change of the mix and every release, when it is accepted.

    Attributes:
        since: jam time from which on there is a server; what was due before is not late.
    """

    def __init__(
        self,
        voices: VoiceTable,
        mixer: Mixer,
        limits: Limits = Limits(),  # noqa: B008  a frozen value
        log: Callable[[int, str, bytes, int], None] | None = None,
        journal: Callable[[Section], None] | None = None,
    ) -> None:
        self.voices = voices
        self.mixer = mixer
        self.limits = limits
        self.counts = Counts()
        self.timeline: Timeline | None = None
        self.sample_map: SampleMap | None = None
        self.since = 0
        self._log = log
        self._journal = journal
        self._tracks: dict[str, Reign] = {}
        self._held = Held()
        self._agenda = Agenda()
        self._notes = 0
        self._pending: deque[int] = deque()
        self._sounding = Sounding()
        self._urgent: list[bytes] = []
        self._seen: dict[str, deque[int]] = {}
        self._older: dict[int, Timeline] = {}
        self._guests: dict[str, tuple[Guest, Reign]] = {}
        self._refusals = Refusals(self.counts)

    # In

    def welcome(self, guest: Guest) -> None:
        """From now on frames of the instance `guest.key` are a guest's.

        Raises:
            EngineError, FrameError, IdError: there cannot be one more track, or not of that name.
        """
        self._track(guest.track)
        self._urgent += self.mixer.hold(guest.track, CEILING)
        self._seen.pop(guest.key, None)  # another incarnation counts anew
        self._guests[guest.key] = (guest, Reign(guest.track))

    def renew(self, guest: Guest) -> bool:
        """A guest that plays has brought other sounds; its stream goes on. False where it is not here."""
        found = self._guests.get(guest.key)
        if found is not None:
            found[0].buffers = guest.buffers
        return found is not None

    def move(self, key: str, name: str) -> None:
        """From now on a guest plays into another strip; what it played before rings out in the old one.

        Raises:
            EngineError, FrameError, IdError: as for `welcome`.
        """
        found = self._guests.get(key)
        if found is not None and found[0].track != name:
            self._track(name)
            self._urgent += self.mixer.hold(name, CEILING)
            found[0].track = name
            self._guests[key] = (found[0], Reign(name))

    def dismiss(self, key: str, now: int, fade_s: float = 0.02) -> None:
        """A guest goes: what it still holds is dropped; its sound fades, unless others play into its strip."""
        found = self._guests.pop(key, None)
        if found is None:
            return
        guest, track = found
        track.swap(0, _LAST_EPOCH)
        self._seen.pop(key, None)
        if all(other.track != guest.track for other, _ in self._guests.values()):
            self._urgent += self._fade(guest.track, now, fade_s, now)

    def refuse_frame(self, error: MarmaladeError, instance: str) -> None:
        """Count a frame of an instance that could not be read."""
        found = self._guests.get(instance)
        self.refuse(error, found[0] if found is not None else None)

    def accept(self, frame: Frame, instance: str, now: int) -> None:
        """Take in a frame. What breaks the rules is refused, counted under its reason, and harms nothing else."""
        seen = self._seen.setdefault(instance, deque(maxlen=256))
        if frame.seq in seen:
            self.counts.repeated += 1
            return
        seen.append(frame.seq)
        self.counts.frames += 1
        guest = self._guests.get(instance)
        older = None
        if self.timeline is not None and frame.revision != self.timeline.revision:
            older = self._older.get(frame.revision)
        for section in frame.sections:
            try:
                if guest is not None:
                    self._accept_guest(section, now, older, *guest)
                elif isinstance(section, Bundles):
                    self._accept_notes(section, now, older)
                elif isinstance(section, Swap):
                    self._track(section.track).swap(section.when, section.epoch)
                elif isinstance(section, Release):
                    self._release(section, now)
                    self._note_down(section)
                elif isinstance(section, TimelineChange):
                    self.set_timeline(Timeline.from_json(section.timeline))
                    older = None
                elif isinstance(section, Mix):
                    self._mix(section, now)
                    self._note_down(section)
            except MarmaladeError as error:
                self.refuse(error, guest[0] if guest is not None else None)

    def set_timeline(self, timeline: Timeline) -> None:
        """A new timeline: what is held moves to where it puts the same cycles."""
        older, self.timeline = self.timeline, timeline
        if older is None or older.segments == timeline.segments:
            return
        self._older = {**dict(list(self._older.items())[-15:]), older.revision: older}
        self._held.remap(timeline, older)
        for track in self._tracks.values():
            track.remap(timeline, older)
        self._agenda.remap(timeline, older)

    def _accept_guest(self, section: Section, now: int, older: Timeline | None, guest: Guest, track: Reign) -> None:
        if isinstance(section, Bundles):
            self._accept_notes(section, now, older, guest, track)
        elif isinstance(section, Swap | Release):
            track.swap(section.when, section.epoch)
        else:
            raise FrameError("A guest neither mixes nor changes the timeline")

    def _accept_notes(
        self, section: Bundles, now: int, older: Timeline | None, guest: Guest | None = None, own: Reign | None = None
    ) -> None:
        track = own or self._track(section.track)
        channel, built = self.mixer.open(track.name)
        self._urgent += built
        group, bus = channel.source, channel.strip.bus
        voices, counts, limits = self.voices, self.counts, self.limits
        for data in section.bundles():
            try:
                when, messages = read_bundle(data)
                if when > now + limits.horizon:
                    raise FrameError("A note lies more than an hour ahead")
                if when <= 1:
                    raise FrameError("A bundle asks for 'immediately'; sources say when")
            except FrameError as error:
                self.refuse(error, guest)
                continue
            if older is not None and self.timeline is not None:
                when = self.timeline.remap(when, older)
            if guest is not None and guest.is_early(when):
                continue
            for content in messages:
                try:
                    voice = voices.check(content)
                    if guest is not None:
                        content = guest.admit(content, voice, when, now)
                except FrameError as error:
                    self.refuse(error, guest)
                    continue
                if self._held.count >= limits.held:
                    counts.full += 1
                    continue
                self._notes += 1
                node = voice_node(self._notes)
                if guest is not None and (oldest := guest.remember(node)) is not None:
                    self._end(oldest, when)
                head, tail = voices.rewrite(content, voice, node, group, bus)
                self._held.put(when, Note(track, section.epoch, node, head, tail, content, voice))
                counts.accepted += 1

    def _end(self, node: int, when: int) -> None:
        """End a guest's synth at a time, and free it 50 ms later where it did not listen; most have ended long ago."""
        quiet = message("/error", -1)
        self._agenda.put(when, lambda: [quiet, message("/n_set", node, "gate", _CUT)])
        self._agenda.put(when + 50 * _MS, lambda: [quiet, message("/n_free", node)])

    def _release(self, section: Release, now: int) -> None:
        self._track(section.track).swap(section.when, section.epoch)
        if section.when > now:
            when, track, fade_s = section.when, section.track, section.fade_s
            self._agenda.put(when, lambda: self._fade(track, when, fade_s, now), moves=True)
        else:  # before any note of the same frame is led into the group that goes
            self._urgent += self._fade(section.track, section.when, section.fade_s, now)

    def _fade(self, track: str, when: int, fade_s: float, now: int) -> list[bytes]:
        first, after, opening = self.mixer.fade_out(track, fade_s)
        end = max(now, when) + round((fade_s + _FADED_S) * UNITS_PER_SECOND)
        self._agenda.put(end, lambda: after)
        self._agenda.put(end + _LAST_BLOCK, lambda: opening)
        return first

    def _mix(self, section: Mix, now: int) -> None:
        self._track(section.track)
        channel, built = self.mixer.open(section.track)
        self._urgent += built
        StripSettings.read(section.settings, channel.settings)  # refused here, where it is counted with its frame

        def apply() -> list[bytes]:
            try:
                return self.mixer.set(section.track, StripSettings.read(section.settings, channel.settings))
            except EngineError as error:
                self.refuse(error)
                return []

        if section.when > now:
            self._agenda.put(section.when, apply, moves=True)
        else:
            self._urgent += apply()

    def panic(self) -> list[Packet]:
        """Forget all that is held and free all that sounds: packets to send at once, after /clearSched."""
        self._held.clear()
        self._agenda.clear()
        self._pending.clear()
        self._sounding.clear()
        self._urgent.clear()
        return list(self._packed(0, 0, [message("/clearSched"), *self.mixer.panic()]))

    def restore(self) -> list[Packet]:
        """Packets that build base and channels on a fresh server. What was handed to the old one is gone."""
        self._pending.clear()
        self._sounding.clear()
        self._urgent.clear()
        return list(self._packed(0, 0, self.mixer.restore()))

    # Out

    def due(self, now: int) -> list[Packet]:
        """What must go to scsynth now, in order."""
        packets: list[Packet] = []
        if self._urgent:
            packets += self._packed(0, 0, self._urgent)
            self._urgent = []
        while self._pending and self._pending[0] <= now:
            self._pending.popleft()
        handover = now + self.limits.handover
        for when, act in self._agenda.take(handover):
            if messages := act():
                packets += self._packed(when if when > now else 0, when, messages)
        held = self._held
        while (first := held.first) is not None and first <= handover and len(self._pending) < self.limits.pending:
            packets += self._hand_over(first, held.take(), now)
        self.counts.packets += len(packets)
        return packets

    def next_due(self) -> int | None:
        """Jam time at which `due` has something to give, or None."""
        if self._urgent:
            return 0
        firsts = []
        if (act := self._agenda.first) is not None:
            firsts.append(act - self.limits.handover)
        if (note := self._held.first) is not None:
            first = note - self.limits.handover
            if len(self._pending) >= self.limits.pending:
                first = max(first, self._pending[0])
            firsts.append(first)
        return min(firsts, default=None)

    @property
    def held(self) -> int:
        """Notes that wait here."""
        return self._held.count

    @property
    def pending(self) -> int:
        """Bundles that scsynth still holds, as far as we know."""
        return len(self._pending)

    def _hand_over(self, due: int, notes: list[Note], now: int) -> Iterable[Packet]:
        counts = self.counts
        lead = due - now
        if lead < -self.limits.tolerance:
            counts.drop(len(notes), is_late=due >= self.since)
            return ()
        here = self.sample_map
        sample = here.sample(due) if here is not None else 0
        at = self.voices.at(*here.place(due)) if here is not None else self.voices.at()
        in_time: list[bytes] = []
        ahead: list[bytes] = []
        for note in notes:
            if not note.track.plays(due, note.epoch):
                counts.stale += 1
                continue
            if note.voice.exact and here is not None:
                ahead.append(note.head + at + note.tail)
            else:
                in_time.append(note.head + self.voices.at() + note.tail)
            self._sounding.add(due, note)
            if self._log is not None:
                self._log(due, note.track.name, note.message, sample)
        sent = len(in_time) + len(ahead)
        counts.sent += sent
        counts.lead_ms[lead // _MS] += sent
        if lead < 0:
            counts.late_played += sent
        packets: list[Packet] = []
        for when, messages in ((due - self.limits.exact_margin, ahead), (due, in_time)):
            if messages:
                parts = list(self._packed(when if when > now else 0, due, messages))
                self._pending.extend([max(when, now)] * len(parts))
                packets += parts
        return packets

    def steal(self, count: int, now: int = 0) -> list[bytes]:
        """Messages that end `count` voices with a short ramp, for an engine that is overloaded; see `Sounding`."""
        chosen = self._sounding.take(count, now, {id(track) for _, track in self._guests.values()})
        self.counts.stolen += len(chosen)
        return [message("/n_set", note.node, "gate", _CUT) for note in chosen]

    # Inside

    def _track(self, name: str) -> Reign:
        track = self._tracks.get(name)
        if track is None:
            # Names go into keys of the jam's state, so no other characters may pass; "master" is the mixer's own.
            if check_name(name, "track") == "master" or len(self._tracks) >= MOST_TRACKS:
                raise FrameError(f"{name!r:.80} cannot be one more track")
            track = self._tracks[name] = Reign(name)
        return track

    def _note_down(self, section: Section) -> None:
        if self._journal is not None:
            self._journal(section)

    def refusals(self) -> Mapping[str, Counter[str]]:
        """What guests were refused since the last call, by stream and reason. From any thread."""
        return self._refusals.take()

    def refuse(self, error: MarmaladeError, guest: Guest | None = None) -> None:
        """Count something that breaks the rules, under its reason, and its guest's."""
        self._refusals.add(error.message, guest.key if guest is not None else None)

    def _packed(self, when: int, due: int, messages: Iterable[bytes]) -> Iterator[Packet]:
        return packed(when, due, messages, self.limits.packet)
