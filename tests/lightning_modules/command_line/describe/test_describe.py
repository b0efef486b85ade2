import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.makers.command_line.chat_server import (
    Answer,
    ChatServer,
    action_prompts,
    description,
    sentences,
)
from zsar.datamodules.class_identity import clean_names
from zsar.datamodules.class_text.text_files import read_class_text, read_class_text_file, write_class_text
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.lightning_modules.command_line.cli import main

ROOT = Path(__file__).parents[4]


def command(server: ChatServer, output: Path, *arguments: object, kind: str = "description") -> list[str]:
    fixed = ["--kind", kind, "--output", output, "--base-url", server.url, "--model", "tiny"]
    return ["describe", *map(str, [*fixed, *arguments])]


def describe(server: ChatServer, output: Path, *arguments: object, kind: str = "description") -> int:
    return main(command(server, output, *arguments, kind=kind))


def test_descriptions_are_written_in_class_order_and_can_be_read(
    server: ChatServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = lambda name, said: Answer(description(name), delay_seconds=0.03 if name == "a run" else 0)
    (tmp_path / "names.txt").write_text("swim\n\n")
    output = tmp_path / "new" / "t.json"
    assert describe(server, output, "--classes", "a run, [jump]", "--classes-file", tmp_path / "names.txt") == 0
    file = read_class_text_file(output)
    assert list(file.classes) == ["a run", "[jump]", "swim"]
    assert file.kind == "description"
    assert file.data_set == "names"
    assert file.source.startswith(f"tiny at {server.url.split('/')[2]}, 20")
    assert file.source.endswith(", question t2l_description")
    text = read_class_text("test", ["swim", "[jump]"], output)
    assert text.prompts == ((description("swim"),), (description("[jump]"),))
    assert list(output.parent.iterdir()) == [output]
    assert f"wrote {output}: 3 of 3 classes" in capsys.readouterr().out


def test_three_questions_give_36_action_prompts_per_class(server: ChatServer, tmp_path: Path) -> None:
    """AP-CLIP, section 3.2.2: 3 LLM prompts x 12 attributes."""
    server.answer = lambda name, said: Answer(f"```json\n{action_prompts(name, 1, said)}\n```")
    output = tmp_path / "t.json"
    assert describe(server, output, "--classes", "a,b", kind="action_prompts") == 0
    assert sorted(server.asked) == ["a"] * 3 + ["b"] * 3
    text = read_class_text("test", ["a", "b"], output)
    assert text.prompts_per_class == 36
    assert len(set(text.prompts[1][:3])) == 3
    assert all(prompt.endswith("shows location.") for prompt in text.prompts[1][:3])


def test_one_question_of_ones_own_gives_all_sentences_of_an_attribute(server: ChatServer, tmp_path: Path) -> None:
    server.answer = lambda name, said: Answer(action_prompts(name, 2))
    (question := tmp_path / "mine.txt").write_text('What is "{class}" of {data_set} like?\n')
    (names := tmp_path / "toys.txt").write_text("a\nb\n")
    output = tmp_path / "t.json"
    arguments = ("--classes-file", names, "--question", question, "--per-attribute", 2)
    assert describe(server, output, *arguments, kind="action_prompts") == 0
    assert sorted(server.asked) == ["a", "b"]
    said = sorted(request["messages"][0]["content"] for request in server.requests)
    assert said[0].startswith('What is "a" of toys like? For each of these 12')
    assert read_class_text("test", ["a", "b"], output).prompts_per_class == 24
    assert read_class_text_file(output).source.endswith("question mine")


def test_customized_texts_answer_several_questions(server: ChatServer, tmp_path: Path) -> None:
    server.answer = lambda name, said: Answer(sentences(name, 10, said))
    output = tmp_path / "t.json"
    assert describe(server, output, "--classes", "a,b", kind="customized") == 0
    assert sorted(server.asked) == ["a"] * 3 + ["b"] * 3
    assert read_class_text_file(output).kind == "customized"
    text = read_class_text("test", ["a", "b"], output)
    assert (text.prompts_per_class, text.source) == (30, "customized texts: t.json")


def test_a_direct_text_is_one_answer_to_one_question(server: ChatServer, tmp_path: Path) -> None:
    output = tmp_path / "t.json"
    assert describe(server, output, "--classes", "a", kind="direct") == 0
    assert read_class_text_file(output).classes == {"a": description("a")}


def test_an_answer_that_repeats_that_to_another_question_is_rejected(
    server: ChatServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = lambda name, said: Answer(action_prompts(name, 1))
    output = tmp_path / "t.json"
    assert describe(server, output, "--classes", "a", "--max-attempts", 2, kind="action_prompts") == 1
    assert "not described: a: the answer was rejected: the sentence 'visible thing 0 of a" in capsys.readouterr().err
    assert not output.exists()


def test_a_vocabulary_gives_all_its_classes(server: ChatServer, tmp_path: Path) -> None:
    output = tmp_path / "t.json"
    assert describe(server, output, "--vocabulary", "thumos14", kind="explanation") == 0
    file = read_class_text_file(output)
    assert tuple(file.classes) == clean_names(exact_names("thumos14"))
    assert (file.kind, file.data_set) == ("explanation", "thumos14")


def test_no_more_requests_run_at_a_time_than_asked_for(server: ChatServer, tmp_path: Path) -> None:
    server.answer = lambda name, said: Answer(description(name), delay_seconds=0.03)
    names = ",".join("abcdefghi")
    assert describe(server, tmp_path / "t.json", "--classes", names, "--concurrency", 3) == 0
    assert server.most_at_a_time == 3


def test_what_goes_wrong_on_the_way_is_asked_for_again(server: ChatServer, tmp_path: Path) -> None:
    server.script = [
        Answer("busy", 500),
        Answer("slow down", 429, headers={"Retry-After": "0.2"}),
        Answer("late", delay_seconds=0.3),
        Answer(hang_up=True),
        Answer(f"Sure! {description('a')}"),
        Answer("Somebody outdoors moves both arms and", finish_reason="length"),
    ]
    started = time.monotonic()
    output = tmp_path / "t.json"
    assert describe(server, output, "--classes", "a", "--max-attempts", 7, "--timeout", 0.1) == 0
    assert time.monotonic() - started > 0.2
    assert len(server.requests) == 7
    assert "it begins with the preface 'Sure'" in server.requests[5]["messages"][-1]["content"]
    assert "it was cut off before its end" in server.requests[6]["messages"][-1]["content"]
    assert read_class_text_file(output).classes == {"a": description("a")}


def test_a_class_without_a_good_answer_fails_alone_and_the_same_command_continues(
    server: ChatServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = lambda name, said: Answer("# no" if name == "b" else description(name))
    output = tmp_path / "t.json"
    arguments = ("--classes", "a,b,c", "--max-attempts", 2)
    assert describe(server, output, *arguments) == 1
    printed = capsys.readouterr()
    assert "2 of 3 classes" in printed.out
    assert "not described: b: the answer was rejected: it has markdown ('#') (2 attempts)" in printed.err
    assert "rerun the same command to ask again for the 1 failed classes only" in printed.err
    assert list(read_class_text_file(output).classes) == ["a", "c"]
    server.answer = lambda name, said: Answer(description(name))
    server.requests.clear()
    assert describe(server, output, *arguments) == 0
    assert server.asked == ["b"]
    assert list(read_class_text_file(output).classes) == ["a", "b", "c"]


def test_a_complete_output_needs_neither_requests_nor_a_key(server: ChatServer, tmp_path: Path) -> None:
    output = tmp_path / "t.json"
    write_class_text(output, "description", data_set="toys", source="me", classes={"a": "x", "b": "y"})
    assert main(["describe", "--classes", "a", "--kind", "description", "--output", str(output)]) == 0
    assert read_class_text_file(output).classes == {"a": "x", "b": "y"}
    assert read_class_text_file(output).source == "me"


def test_a_refused_key_stops_the_run_at_once_and_keeps_what_was_answered(
    server: ChatServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script = [Answer(description("a")), Answer("wrong key", 401)]
    output = tmp_path / "t.json"
    assert describe(server, output, "--classes", "a,b,c,d", "--concurrency", 1) == 1
    complaint = capsys.readouterr().err
    assert "zsar describe: error: " in complaint
    assert (
        "answers 401: wrong key; if it needs a key, name the environment variable that holds it: --api_key_env"
        in complaint
    )
    assert server.asked == ["a", "b"]
    assert not output.exists()
    server.requests.clear()
    assert describe(server, output, "--classes", "a,b,c,d") == 0
    assert sorted(server.asked) == ["b", "c", "d"]
    assert not output.with_name("t.json.partial").exists()


def test_answers_of_another_model_are_mentioned_and_left(
    server: ChatServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script = [Answer(description("a")), Answer("wrong key", 401)]
    output = tmp_path / "t.json"
    assert describe(server, output, "--classes", "a,b", "--concurrency", 1) == 1
    assert describe(server, output, "--classes", "a,b", "--model", "other") == 0
    assert "t.json.partial also holds 1 answers for other settings" in capsys.readouterr().err
    assert sorted(server.asked[2:]) == ["a", "b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), 'no class names given; give them as --classes "a, b, c"'),
        (("--classes", " , "), "no class names given"),
        (("--classes-file", "gone.txt"), "gone.txt"),
        (("--vocabulary", "birds"), "there is no vocabulary 'birds'"),
        (("--classes", "a", "--concurrency", "0"), "--concurrency must be at least 1; got 0"),
        (("--classes", "a", "--max-attempts", "0"), "--max_attempts must be at least 1; got 0"),
        (("--classes", "a", "--per-attribute", "0"), "--per_attribute must be at least 1; got 0"),
        (("--classes", "a", "--per-attribute", "2"), "--per_attribute has no effect with --kind description"),
        (("--classes", "a", "--per-question", "2"), "--per_question has no effect with --kind description"),
        (
            ("--classes", "a", "--question", "gone"),
            "--question gone: neither a file nor one of the shipped questions (",
        ),
        (("--classes", "a", "--timeout", "0"), "--timeout must be more than 0; got 0"),
        (("--classes", "a"), "there is no key for api.openai.com"),
    ],
)
def test_wrong_input_is_explained(
    arguments: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "t.json"
    assert main(["describe", "--kind", "description", "--output", str(output), *arguments]) == 1
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_output_of_another_kind_is_left_alone(
    server: ChatServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "t.json"
    write_class_text(output, "explanation", data_set="toys", source="me", classes={"a": "x"})
    assert describe(server, output, "--classes", "a,b") == 1
    assert "exists and is of kind explanation, not description" in capsys.readouterr().err
    assert server.requests == []


def start(server: ChatServer, output: Path, *arguments: object) -> "subprocess.Popen[str]":
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-m", "zsar", *command(server, output, *arguments)]
    return subprocess.Popen(
        line,
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background jobs ignore Ctrl-C, and so would their children; a terminal's do not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # type: ignore[arg-type, return-value]
    )


def wait_for_lines(journal: Path, n_lines: int) -> None:
    for _ in range(6000):
        if journal.exists() and journal.read_bytes().count(b"\n") >= n_lines:
            return
        time.sleep(0.01)
    raise TimeoutError(f"{journal} has no {n_lines} lines after a minute")


@pytest.mark.slow
@pytest.mark.parametrize(("how", "status"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_a_stopped_run_goes_on_with_what_is_missing(
    server: ChatServer, tmp_path: Path, how: signal.Signals, status: int
) -> None:
    names = [f"action {i}" for i in range(12)]
    server.answer = lambda name, said: Answer(description(name), delay_seconds=0.1 if int(name.split()[1]) < 4 else 60)
    output = tmp_path / "t.json"
    process = start(server, output, "--classes", ",".join(names), "--concurrency", 2)
    wait_for_lines(output.with_name("t.json.partial"), 4)
    started = time.monotonic()
    process.send_signal(how)
    _, complaint = process.communicate(timeout=30)
    assert time.monotonic() - started < 15  # it does not wait for the server
    assert process.returncode == status
    assert not output.exists()
    if how == signal.SIGINT:
        assert "interrupted: 4 of 12 answers are kept; rerun the same command to resume" in complaint
    server.answer = lambda name, said: Answer(description(name))
    server.requests.clear()
    assert describe(server, output, "--classes", ",".join(names)) == 0
    assert sorted(server.asked) == sorted(names[4:])
    content: dict[str, Any] = json.loads(output.read_text())
    assert content["classes"] == {name: description(name) for name in names}
    assert not output.with_name("t.json.partial").exists()


def test_a_question_about_the_data_set_needs_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (question := tmp_path / "mine.txt").write_text("What is {class} of {data_set}?\n")
    arguments = ["--kind", "direct", "--output", str(tmp_path / "t.json"), "--question", str(question)]
    assert main(["describe", "--classes", "a", *arguments]) == 1
    assert (
        "--question mine needs the name of the data set; add --vocabulary or --classes_file" in capsys.readouterr().err
    )
