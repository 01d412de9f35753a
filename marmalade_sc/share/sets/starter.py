"""A starter set: drums, bass and a pad. Change a line, evaluate it, and hear it at the next bar."""

clock.bpm = 120

d1 >> s("bd ~ sn ~, hh*8").every(4, fast(2))
d2 >> s("~ cp").sometimes(0.25, ply(2)).set(amp=0.3)
b1 >> bass("<0 [0 3] 5 4>*2", scale="minor", root="a2", dur=0.8, cutoff="<400 700 1200 900>")
p1 >> pad(chord("<Am7 Dm9 G7 Cmaj7>").voicing(), amp=0.2)
