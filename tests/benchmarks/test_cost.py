"""What `benchmarks.cost` takes for the requests of an answer."""

from benchmarks.cost.load import Operation, calls_of


def post(thread: str) -> Operation:
    return Operation(0.0, "chat.postMessage", {"thread_ts": thread})


def edit(message: str) -> Operation:
    return Operation(0.0, "chat.update", {"ts": message})


def test_requests_belong_to_the_thread_of_their_message() -> None:
    """Posts make a thread's messages one after the other, edits name theirs."""
    found = calls_of(
        [post("t1"), post("t2"), edit("m1"), post("t1"), edit("m3")], {"t1": ["m1", "m3"], "t2": ["m2"]}
    )
    assert [one.message for one in found["t1"]] == ["m1", "m1", "m3", "m3"]
    assert [one.message for one in found["t2"]] == ["m2"]


def test_what_comes_after_its_run_is_of_no_answer() -> None:
    """Rating buttons and posts for messages and threads that are forgotten are left out, and nothing fails."""
    found = calls_of([edit("old"), post("gone"), post("t1"), post("t1")], {"t1": ["m1"]})
    assert {thread: [one.message for one in of] for thread, of in found.items()} == {"t1": ["m1"]}
