"""A small set with something of everything, for checks: drums, a bass with an effect, some chance."""

# ruff: noqa: F821  the names are the prompt's
clock.bpm = 120

d1 >> s("bd ~ sn ~, hh*8")
d2 >> s("~ [~ cp?]").sometimes(0.3, ply(2))
b1 >> bass("0 3 5 <4 7>", scale="minor", root="a2", dur=0.7, cutoff="<400 900>")
b1.fx = lpf(1800)
b1.gain(-3)
