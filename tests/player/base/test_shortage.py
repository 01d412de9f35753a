"""What a process says when it may open no more files; tests/live/test_descriptors.py has it happen."""

import asyncio
import errno

from marmalade_sc.player.base.shortage import Shortage


def test_a_shortage_is_one_sentence_each_ten_seconds_and_a_mistake_is_told_as_ever() -> None:
    said: list[str] = []
    usual: list[object] = []
    now = 100.0

    class Loop(asyncio.SelectorEventLoop):
        def default_exception_handler(self, context: dict[str, object]) -> None:
            usual.append(context["exception"])

    loop = Loop()
    shortage = Shortage(said.append, lambda: now)
    for _ in range(190):
        for number in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS):
            shortage(loop, {"message": "socket.accept() out of system resource", "exception": OSError(number, "")})
        now += 0.1
    assert len(said) == 2
    assert "as many as it may" in said[0] and "let in as soon as" in said[0]
    mistakes = [ValueError("a mistake"), OSError(errno.EACCES, "")]
    for each in mistakes:
        shortage(loop, {"message": "", "exception": each})
    assert usual == mistakes
    loop.close()
