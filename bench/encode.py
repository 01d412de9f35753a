"""Bar: a note as bytes costs at most twice a precompiled struct from an ordered tuple, 8 times from an event.

From an event that comes again, and from one with a number that never was before.
"""

import itertools
import struct

from common import content, median_us, row

from marmalade_sc.player.sounds.content import read_orchestra
from marmalade_sc.sdk.notes import packed_note
from marmalade_sc.sdk.osc import bundle, note_message

NOW = 0xE6A1_0000_0000_0000


def main() -> None:
    with content() as cache:
        orchestra = read_orchestra(cache / "catalogue.json", cache / "banks.json")
    instrument = orchestra.find("bass")[0]
    template = instrument.template
    values = (*instrument.defaults, 1.0)
    head = template.prefix_bytes
    plain = struct.Struct(f">8sQi{len(head)}siiii{len(values)}f")
    size = plain.size - 20
    assert plain.pack(b"#bundle\0", NOW, size, head, 5, 0, 0, 0, *values) == template.bundle(NOW, 5, values)
    event = {"s": "bass", "degree": 3.0, "scale": "minor", "root": "a2", "dur": 0.8, "cutoff": 900.0}

    def from_event() -> bytes:
        made = packed_note(event, orchestra, 0.5)
        assert made is not None
        return bundle(NOW, (note_message(made[0].template.prefix_bytes, 5, made[1], 1),))

    floor = median_us(lambda: plain.pack(b"#bundle\0", NOW, size, head, 5, 0, 0, 0, *values), 100_000)
    ordered = median_us(lambda: template.bundle(NOW, 5, values), 100_000)
    remembered = median_us(from_event, 50_000)
    counter = itertools.count()

    def from_a_new_event() -> bytes:
        made = packed_note({**event, "cutoff": 400.0 + next(counter) / 1000}, orchestra, 0.5)
        assert made is not None
        return bundle(NOW, (note_message(made[0].template.prefix_bytes, 5, made[1], 1),))

    copied = median_us(lambda: {**event, "cutoff": 400.0 + next(counter) / 1000}, 20_000)
    fresh = median_us(from_a_new_event, 20_000) - copied
    row(
        "encode",
        floor_us=round(floor, 3),
        tuple_ratio=round(ordered / floor, 2),
        event_ratio=round(remembered / floor, 2),
        event_never_seen_ratio=round(fresh / floor, 1),
        met=ordered <= 2 * floor and max(remembered, fresh) <= 8 * floor,
    )


if __name__ == "__main__":
    main()
