"""The dialogues that Lobke is measured with are those of pupils, and the same each time."""

from bench.dialogues import AFTER, MIX, PLAIN, Press, dialogue, typed_share

MANY = [dialogue(number) for number in range(2000)]


def test_a_number_always_gives_the_same_dialogue() -> None:
    assert [dialogue(number) for number in range(50)] == MANY[:50]


def test_six_of_ten_messages_are_typed() -> None:
    assert 0.57 < typed_share(MANY) < 0.63


def test_most_questions_about_a_subject_are_asked_once() -> None:
    asked = [step for number in range(2000) for step in dialogue(number, "questions") if isinstance(step, str)]
    own = [text for text in asked if text not in (*PLAIN, *AFTER)]
    assert len(set(own)) / len(own) > 0.6


def test_no_dialogue_goes_over_what_a_chat_may_send_in_a_minute() -> None:
    assert max(map(len, MANY)) <= 40


def test_every_kind_of_dialogue_is_there() -> None:
    handoffs = [one for one in MANY if Press("Ja, versturen") in one]
    assert 0.08 < len(handoffs) / len(MANY) < 0.16
    assert all(len(dialogue(1, kind)) > 2 for kind in MIX)
