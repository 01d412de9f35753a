"""A room."""

from supriya.ugens import DelayN, FreeVerb

from marmalade_sc.synthdefs import control, synthdef


@synthdef(
    room=control(0.7, "", 0, 1, "size"),
    damping=control(0.4, "", 0, 1, "how fast the highs go"),
    mix=control(0.3, "", 0, 1, "share of the room"),
    kind="effect",
)
def reverb(signal, room, damping):
    # Two rooms that differ by a few milliseconds and hear each other's side: wide, and still there in mono.
    left = signal[0] * 0.8 + signal[1] * 0.2
    right = DelayN.ar(source=signal[1] * 0.8 + signal[0] * 0.2, maximum_delay_time=0.02, delay_time=0.0113)
    return [FreeVerb.ar(source=side, mix=1, room_size=room, damping=damping) * 1.4 for side in (left, right)]
