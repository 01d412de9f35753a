"""Every theme colours everything that is shown, and NO_COLOR means none."""

from marmalade_sc.settings.table import SETTINGS
from marmalade_sc.shell.themes import THEMES, style_of, theme_for

CLASSES = """
    tempo plain bad recording track rest muted solo error said value landed meter.low meter.mid meter.high roll.grid
    roll.note roll.now step.on step.now scope sounding flash
"""


def test_every_theme_of_the_settings_knows_every_class() -> None:
    assert set(THEMES) == set(SETTINGS["shell.theme"].choices)
    for name, rules in THEMES.items():
        assert set(CLASSES.split()) <= set(rules), name
        style_of(name)


def test_no_color_means_no_colour() -> None:
    assert theme_for("dark", {"NO_COLOR": "1"}) == "plain"
    assert theme_for("light", {"NO_COLOR": ""}) == "light"
    assert not [rule for rule in THEMES["plain"].values() if "#" in rule or "ansi" in rule]
