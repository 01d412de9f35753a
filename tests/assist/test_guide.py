"""help(), search() and tutorial() as they are typed, in a session."""

import pytest

from marmalade_sc.assist.guide import Guide, InMemory
from marmalade_sc.assist.lessons import lessons
from marmalade_sc.errors import UsageError
from marmalade_sc.live.operations import Replace
from marmalade_sc.live.session import Session
from tests.live_package.stage import Stage


@pytest.fixture
def session() -> Session:
    session = Stage().session
    guide = Guide(session, InMemory())
    session.extend(guide.names(), guide.asked)
    return session


def test_what_is_said_of_a_page_that_was_found_ends_between_two_words(session: Session) -> None:
    """A chance of .5 was cut to one of 0."""
    said = session.evaluate('search("random")').value
    assert "; the chance ...\n" in said


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("help()", "tutorial()"),
        ('help("every")', "every(cycles, change)"),
        ("help(every)", "every(cycles, change)"),
        ("help(bass)", "bass(pattern, **controls)"),
        ('help("bass.pan")', "-1 to 1"),
        ("help(lpf)", "cutoff"),
        ("help(hush)", "F9"),
        ("help(clock)", "bpm"),
        ("help(tutorial)", "lesson"),
        ('help(s("bd"))', "A pattern"),
        ('help("tabla")', "3 samples"),
        ('help("evry")', 'help("every")'),
        ('help("xyzzy")', "no page"),
        ("help(3)", "3"),
        ('search("random")', "degrade"),
        ('search("xyzzy")', "No page"),
        ("every?", "every(cycles, change)"),
        ('d1 >> s("bd").every?', "every(cycles, change)"),
        ("*?", "Faster"),
        ('help("pitfalls")', "stack(a, b)"),
    ],
)
def test_help_shows_the_page(code: str, said: str, session: Session) -> None:
    done = session.evaluate(code)
    assert said in done.value
    assert done.operations == ()


def test_what_the_user_has_bound_is_explained(session: Session) -> None:
    session.evaluate('def wide(p, by=2):\n    """Makes it wide."""\n    return p\nbeat = s("bd")\nd1 >> beat')
    assert "Makes it wide." in session.evaluate("help(wide)").value
    assert "wide(p, by=2)" in session.evaluate('help("wide")').value
    assert "d1.fade(" in session.evaluate("d1?").value
    assert "d1.fade(" in session.evaluate("help(d1)").value
    assert "Brings the gain" in session.evaluate("help(d1.fade)").value
    assert session.evaluate("beat?").value


def test_a_question_changes_nothing(session: Session) -> None:
    done = session.evaluate('d1 >> s("bd").every?')
    assert done.operations == ()
    assert "d1" not in session.names


def test_the_tutorial_goes_forth_and_back_and_stays_inside(session: Session) -> None:
    assert "Lesson 1 of" in session.evaluate("tutorial()").value
    assert "Lesson 2 of" in session.evaluate("tutorial.next()").value
    assert "Lesson 2 of" in session.evaluate("tutorial").value
    assert "Lesson 1 of" in session.evaluate("tutorial.previous()").value
    assert "Lesson 1 of" in session.evaluate("tutorial.previous()").value
    last = len(lessons())
    assert f"Lesson {last} of" in session.evaluate(f"tutorial({last})").value
    assert f"Lesson {last} of" in session.evaluate("tutorial.next()").value


def test_an_example_is_run_and_shown(session: Session) -> None:
    done = session.evaluate("tutorial(1)\ntutorial.run(1)")
    assert done.value == lessons()[0].examples[0]
    assert [type(each) for each in done.operations] == [Replace]
    done = session.evaluate("tutorial.run(4, lesson=9)")
    assert "wide" in session.names
    assert done.value.startswith("def wide(p):")


@pytest.mark.parametrize(
    "code", ["tutorial(0)", "tutorial(99)", "tutorial('x')", "tutorial.run(0)", "tutorial.run(1.5)"]
)
def test_a_lesson_or_example_that_is_not_there_is_said(code: str, session: Session) -> None:
    with pytest.raises(UsageError) as caught:
        session.evaluate(code)
    assert "It has" in str(caught.value) or "There are" in str(caught.value)


def test_names_that_an_example_bound_are_known_to_be_bound(session: Session) -> None:
    """A saved set has them."""
    session.evaluate("tutorial.run(1, 9)")
    assert "beat" in {row["name"] for row in session.bound()}
    assert "beat" in session.binders


def test_names_of_the_shell_may_be_used_by_the_user(session: Session) -> None:
    assert session.evaluate("search = 3\nsearch").value == "3"
