"""What a JACK server's log tells."""

from marmalade_sc.player.supervision.jacklog import last_words

DIED = """Too many servers already active
Failed to open server
jackdmp 1.9.21
Copyright 2001-2005 Paul Davis and others.
jackdmp comes with ABSOLUTELY NO WARRANTY
This is free software, and you are welcome to redistribute it
under certain conditions; see the file COPYING for details

"""


def test_what_a_server_died_of_stands_above_its_greeting() -> None:
    """A player that did not start gave the licence as the reason."""
    said = last_words(DIED.split("\n"))
    assert said.startswith("Too many servers already active: ")
    assert "8 servers at once on one machine" in said and "end another" in said
    assert last_words(["Jack main caught signal 15", ""]) == "Jack main caught signal 15"
    assert last_words([]) == last_words([""]) == ""
