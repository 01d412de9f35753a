"""Where the sound goes, for every kind of machine."""

import dataclasses
import subprocess
from pathlib import Path

import pytest

from marmalade_sc.engine.sound import (
    SOUND,
    Card,
    JackServer,
    Probe,
    Rights,
    Sound,
    Wishes,
    decide,
    reason_to_move,
)
from marmalade_sc.errors import SoundError

TAG = "0123abcd"
HDMI = Card(0, "HDMI", "HDA-Intel - HDA Intel HDMI", (3, 7))
LAPTOP = Card(1, "PCH", "HDA-Intel - HDA Intel PCH", (0,), (0,))
USB = Card(2, "USB", "USB-Audio - Scarlett 2i2 USB", (0,), (0,))
BARE = Probe(jackd="/usr/bin/jackd")
DESKTOP = dataclasses.replace(BARE, cards=(HDMI, LAPTOP), pipewire=True, pw_jack="/usr/bin/pw-jack")


def with_servers(probe: Probe, *servers: JackServer) -> Probe:
    return dataclasses.replace(probe, jack_servers=servers)


def test_a_jack_server_that_runs_is_used_and_nothing_is_started() -> None:
    sound = decide(with_servers(DESKTOP, JackServer("default")), Wishes(), TAG)
    assert (sound.driver, sound.server_name, sound.needs, sound.audible) == ("jack", "default", None, True)
    assert sound.device("home") == "default:marmalade-home"


def test_only_the_default_server_and_a_wished_one_are_joined() -> None:
    both = with_servers(BARE, JackServer("a"), JackServer("studio"))
    assert decide(dataclasses.replace(both, default_server="studio"), Wishes(), TAG).server_name == "studio"
    assert decide(both, Wishes(device="studio"), TAG).server_name == "studio"
    # A server that nobody named is somebody's own, or a client whose socket looks like a server's.
    assert decide(both, Wishes(), TAG).driver == "dummy"


def test_pipewire_goes_through_pw_jack_with_our_period() -> None:
    sound = decide(DESKTOP, Wishes(period=128), TAG)
    assert sound.driver == "pipewire"
    assert sound.command_prefix == ("/usr/bin/pw-jack", "-p", "128", "-s", "48000")
    assert sound.needs is None


def test_pipewire_without_pw_jack_says_what_to_install() -> None:
    probe = dataclasses.replace(DESKTOP, pw_jack="")
    assert "install pipewire-jack" in decide(probe, Wishes(), TAG).why
    with pytest.raises(SoundError, match="Install pipewire-jack"):
        decide(probe, Wishes(driver="pipewire"), TAG)


def test_a_card_gets_a_private_server_with_our_name() -> None:
    sound = decide(dataclasses.replace(BARE, cards=(HDMI, LAPTOP)), Wishes(), TAG)
    assert (sound.driver, sound.card, sound.server_name, sound.audible) == ("alsa", "PCH", f"marmalade-{TAG}", True)
    assert sound.needs is not None
    argv = " ".join(sound.needs.argv)
    assert "--name marmalade-0123abcd --no-realtime -d alsa -d hw:PCH,0 -r 48000 -p 256 -n 2 -i 2 -o 2" in argv


def test_usb_has_three_periods_and_a_card_without_inputs_plays_only() -> None:
    usb = decide(dataclasses.replace(BARE, cards=(USB,)), Wishes(), TAG)
    assert usb.needs is not None
    assert "-n 3" in " ".join(usb.needs.argv)
    hdmi = decide(dataclasses.replace(BARE, cards=(HDMI,)), Wishes(), TAG)
    assert hdmi.needs is not None
    assert "-d hw:HDMI,3" in " ".join(hdmi.needs.argv)
    assert "-P" in hdmi.needs.argv
    assert hdmi.inputs == 0


@pytest.mark.parametrize("device", ["USB", "usb", "hw:USB", "hw:2,0", "2", "Scarlett"])
def test_a_card_is_found_by_any_of_its_names(device: str) -> None:
    probe = dataclasses.replace(BARE, cards=(LAPTOP, USB))
    assert decide(probe, Wishes(device=device), TAG).card == "USB"
    assert decide(probe, Wishes(driver="alsa", device=device), TAG).card == "USB"


def test_a_wished_card_that_is_not_there_is_replaced_and_said() -> None:
    probe = dataclasses.replace(BARE, cards=(LAPTOP,))
    sound = decide(probe, Wishes(device="USB"), TAG)
    assert (sound.card, sound.wished) == ("PCH", False)
    assert "'USB' is not there" in sound.why
    with pytest.raises(SoundError, match="there: PCH"):
        decide(probe, Wishes(driver="alsa", device="USB"), TAG)


def test_without_a_card_a_private_dummy_plays_and_says_that_nobody_hears() -> None:
    sound = decide(BARE, Wishes(rate=44100, period=64, inputs=0, outputs=8), TAG)
    assert (sound.driver, sound.audible, sound.wished) == ("dummy", False, False)
    assert "nothing can be heard" in sound.why
    assert sound.needs is not None
    assert sound.needs.argv[-10:] == ("-d", "dummy", "-r", "44100", "-p", "64", "-C", "0", "-P", "8")


def test_a_running_server_with_the_dummy_driver_is_not_taken_for_sound() -> None:
    """A test's jackd on the same machine must not swallow the set."""
    silent = JackServer("default", silent=True)
    assert decide(with_servers(dataclasses.replace(BARE, cards=(LAPTOP,)), silent), Wishes(), TAG).driver == "alsa"
    assert not decide(with_servers(BARE, silent), Wishes(driver="jack"), TAG).audible


@pytest.mark.parametrize(
    ("driver", "words"), [("jack", "No JACK server"), ("pipewire", "does not run"), ("alsa", "No sound card")]
)
def test_a_wished_driver_that_is_not_there_is_an_error(driver: str, words: str) -> None:
    with pytest.raises(SoundError, match=words):
        decide(BARE, Wishes(driver=driver), TAG)


@pytest.mark.parametrize("driver", ["auto", "dummy"])
def test_without_jackd_the_message_says_what_to_install(driver: str) -> None:
    with pytest.raises(SoundError, match="Install jackd2"):
        decide(Probe(), Wishes(driver=driver), TAG)


def test_realtime_is_asked_for_only_where_it_is_granted() -> None:
    for fifo, word in ((True, "--realtime"), (False, "--no-realtime")):
        sound = decide(dataclasses.replace(BARE, rights=Rights(fifo=fifo)), Wishes(), TAG)
        assert sound.needs is not None
        assert word in sound.needs.argv


def test_an_unplugged_card_moves_the_sound_and_a_returning_one_takes_it_back() -> None:
    """The musician trips over the cable; the set goes on from the laptop's speakers, then back."""
    wishes = Wishes(device="USB")
    plugged, unplugged = (dataclasses.replace(BARE, cards=cards) for cards in ((LAPTOP, USB), (LAPTOP,)))
    usb = decide(plugged, wishes, TAG)
    assert reason_to_move(usb, plugged, wishes, TAG) == ""
    assert "USB is gone" in reason_to_move(usb, unplugged, wishes, TAG)
    laptop = decide(unplugged, wishes, TAG)
    assert reason_to_move(laptop, unplugged, wishes, TAG) == ""
    assert "Better sound" in reason_to_move(laptop, plugged, wishes, TAG)


def test_a_card_that_is_merely_plugged_in_moves_nothing() -> None:
    laptop = decide(dataclasses.replace(BARE, cards=(LAPTOP,)), Wishes(), TAG)
    assert reason_to_move(laptop, dataclasses.replace(BARE, cards=(LAPTOP, USB)), Wishes(), TAG) == ""


def test_sound_that_comes_later_is_taken() -> None:
    dummy = decide(BARE, Wishes(), TAG)
    assert reason_to_move(dummy, BARE, Wishes(), TAG) == ""
    assert reason_to_move(dummy, dataclasses.replace(BARE, cards=(USB,)), Wishes(), TAG)
    assert reason_to_move(dummy, DESKTOP, Wishes(), TAG)


def test_servers_that_end_move_the_sound() -> None:
    jack = decide(with_servers(BARE, JackServer("default")), Wishes(), TAG)
    assert "JACK server default is gone" in reason_to_move(jack, BARE, Wishes(), TAG)
    pipewire = decide(DESKTOP, Wishes(), TAG)
    assert "PipeWire is gone" in reason_to_move(pipewire, BARE, Wishes(), TAG)
    assert reason_to_move(jack, Probe(), Wishes(), TAG) == ""


def test_the_decision_reaches_the_engine_through_the_environment() -> None:
    for probe in (BARE, DESKTOP, with_servers(BARE, JackServer("default"))):
        sound = decide(probe, Wishes(), TAG)
        assert Sound.from_env({SOUND: sound.to_json()}) == dataclasses.replace(sound, needs=None)
    assert Sound.from_env({}) is None


def test_a_launcher_puts_the_prefix_before_scsynth(tmp_path: Path) -> None:
    plain = decide(BARE, Wishes(), TAG)
    assert plain.launcher(tmp_path, "/usr/bin/scsynth") == "/usr/bin/scsynth"
    prefixed = dataclasses.replace(plain, command_prefix=("printf", "%s|", "it's"))
    program = prefixed.launcher(tmp_path, "/a folder/scsynth")
    assert subprocess.run([program, "-u", "x y"], capture_output=True, check=True).stdout == (
        b"it's|/a folder/scsynth|-u|x y|"
    )
