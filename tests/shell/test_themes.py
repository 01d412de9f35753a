"""Every theme colours everything that is shown, and NO_COLOR means none."""

from prompt_toolkit.styles import default_ui_style, merge_styles

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


SHOWN = """
    matching-bracket.other matching-bracket.cursor line-number line-number.current search search.current incsearch
    incsearch.current selected completion-menu completion-menu.completion.current completion-menu.meta.completion
    scrollbar.background scrollbar.button search-toolbar search-toolbar.text bar page title
"""


def test_the_plain_theme_has_no_colour_of_the_librarys_own() -> None:
    """A bracket was marked in colours, where somebody had asked for none."""
    shown = merge_styles([default_ui_style(), style_of("plain")])
    for name in SHOWN.split():
        attrs = shown.get_attrs_for_style_str(f"class:{name}")
        assert not attrs.color and not attrs.bgcolor, name


def test_no_color_means_no_colour() -> None:
    assert theme_for("dark", {"NO_COLOR": "1"}) == "plain"
    assert theme_for("light", {"NO_COLOR": ""}) == "light"
    assert not [rule for rule in THEMES["plain"].values() if "#" in rule or "ansi" in rule]
