"""Scores in the Alda language: text to tree to notes, note for note as Alda 2.4 computes them."""

from marmalade_sc.scores.asjson import FIELDS, error_object, score_object, tree_object
from marmalade_sc.scores.growing import Growing
from marmalade_sc.scores.language import Scores, named_score
from marmalade_sc.scores.midi import midi_file
from marmalade_sc.scores.midiread import read_midi
from marmalade_sc.scores.musicxml import musicxml
from marmalade_sc.scores.parser import parse
from marmalade_sc.scores.pattern import Manner, Row, ScorePattern, Stage, rows_of, score_pattern
from marmalade_sc.scores.playing import ScoreFrames, cut, together, track_names
from marmalade_sc.scores.score import Score, ScorePart, read_score
from marmalade_sc.scores.sounding import Sounding
from marmalade_sc.scores.sounds import Sound, overridden, sound_of, sounds_of
from marmalade_sc.scores.written import alda_text

__all__ = [
    "FIELDS",
    "Growing",
    "Manner",
    "Row",
    "Score",
    "ScoreFrames",
    "ScorePart",
    "ScorePattern",
    "Scores",
    "Sound",
    "Sounding",
    "Stage",
    "alda_text",
    "cut",
    "error_object",
    "midi_file",
    "musicxml",
    "named_score",
    "overridden",
    "parse",
    "read_midi",
    "read_score",
    "rows_of",
    "score_object",
    "score_pattern",
    "sound_of",
    "sounds_of",
    "together",
    "track_names",
    "tree_object",
]
