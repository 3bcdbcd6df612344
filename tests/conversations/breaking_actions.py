"""The action server with a mistake in it: every answer raises an error that quotes the pupil."""

from actions.__main__ import main
from bot.run import silence_warnings


def _break(self: object, *answers: object) -> None:
    raise ValueError(getattr(self, "typed", ""))


if __name__ == "__main__":
    silence_warnings()
    from actions import turn

    turn.Turn.say = _break  # type: ignore[assignment,method-assign]
    main()
