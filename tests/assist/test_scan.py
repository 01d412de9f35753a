"""Reading unfinished code: where the cursor stands."""

from marmalade_sc.assist.scan import Place, read


def at(code: str) -> Place:
    position = code.index("|")
    return read(code.replace("|", "", 1), position)


def test_a_name_is_taken_up_to_the_cursor_and_its_rest_is_known() -> None:
    place = at("d1 >> ba|ss")
    assert (place.name, place.rest, place.start) == ("ba", "ss", 6)


def test_strings_of_every_sort_are_seen_also_when_they_are_not_closed() -> None:
    for code in ('s("bd |', "s('bd |", 's("bd |")', 's("""bd |', "s('''bd |''')", 's(r"bd |'):
        text = at(code).text
        assert text is not None and text.before == "bd ", code


def test_a_string_with_an_escaped_quote_goes_on() -> None:
    text = at(r's("bd \" sn|").fast(2)').text
    assert text is not None and text.content == r"bd \" sn"


def test_behind_a_string_is_code_again() -> None:
    assert at('s("bd")|').text is None
    assert at('s("bd"|').text is None


def test_a_string_with_single_quotes_ends_with_its_line() -> None:
    assert at('s("bd\nd1|').text is None


def test_arguments_are_counted_and_named() -> None:
    call = at('bass("0 3", dur=.8, cu|, amp=stack(1, x=2), pan=0)').calls[-1]
    assert call.argument == 2
    assert call.keyword == ""
    assert call.given == {"dur", "amp", "pan"}
    assert at('bass("0", scale="mi|").calls').calls[-1].keyword == "scale"


def test_the_first_argument_is_known_when_it_is_a_text() -> None:
    assert at('config("audio.driver", "|').calls[-1].first == "audio.driver"


def test_calls_are_nested() -> None:
    brackets = [call.bracket for call in at('stack([s("a"), {"x": f(|').calls]
    assert brackets == ["(", "[", "{", "("]


def test_a_comment_is_a_comment() -> None:
    assert at("x = 1  # what|").is_comment
    assert not at('s("bd # |").fast').is_comment


def test_a_long_text_is_read_near_its_cursor_only() -> None:
    """A key must not wait for a buffer of a megabyte."""
    code = 's("x")\n' * 100_000 + "d1.mu"
    place = read(code, len(code))
    assert place.name == "mu"
    assert len(place.tokens) < 30_000


def test_a_position_outside_is_brought_in() -> None:
    assert read("abc", 99).position == 3
    assert read("abc", -1).position == 0
