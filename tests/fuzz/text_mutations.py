"""Mutations of text: tables, lists, JSON and YAML as people, spreadsheets and hostile senders spoil them."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterable
from typing import Any

from tests.fuzz.byte_mutations import ANY_BYTES, LONGEST_BYTES, Mutation, delete_block, flip_bits, truncate

_TOKENS = (
    *('"', "'", ",", ",,", ";", "\t", "|", " ", "  ", "\n", "\r", "\r\n", "\n\n", "\0", "\x1b[31m", "\x7f", "\x85"),
    *(
        "\ufeff",
        "\u200b",
        "\u00a0",
        "\u2028",
        "\u3000",
        "\u202e",
        "e\u0301",
        "\u0660\u0661",
        "\u00b2",
        "\u2167",
        "\U0001f600",
    ),
    *("[/b]", "[red]", ":smile:", "\\", "\\[", "{}", "%s", "$x$", "/", "../", "/etc/passwd", "#", "# ", "-", "=1+1"),
    *("{", "}", "[", "]", "[]", "null", "true", "~", "&a ", "*a", "<<: *a", "!!python/object/apply:os.getcwd []", "? "),
    *(": ", ":", "- ", "|-\n", "---\n", "...\n", "%YAML 9.9\n", "\u00e4", "x" * 70_000, "1" * 5_000, "\ud7ff"),
)
_NUMBERS = (
    *(
        "nan",
        "NaN",
        "inf",
        "-inf",
        "Infinity",
        "1e309",
        "-1",
        "-0",
        "1e400",
        "0x10",
        "1_000",
        "1,5",
        "१२",
        "²",
        "\u0663.\u0665",
    ),
    *(
        str(2**31),
        str(2**63),
        str(2**64),
        "9" * 400,
        "1" * 5_000,
        "0.0000001",
        "1e-400",
        "",
        " ",
        "+1",
        "01",
        "1.0",
        "1e3",
    ),
)
_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2**63,
        10**30,
        1e308,
        -1e308,
        0.5,
        float("nan"),
        float("inf"),
        "",
        " ",
        "\0",
        "a\nb",
    ),
    *(
        "[/b]",
        "nan",
        "1",
        "x" * 70_000,
        "\u0661",
        [],
        {},
        [[]],
        [None],
        {"": None},
        {"a": {"b": []}},
        [0.0, 1.0],
        ["a", "a"],
    ),
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_WORD = re.compile(r"[^\s,\"':{}\[\]]+")
_DEEP = 100_000
_DEEPEST_CHANGED = 100


def insert_token(content: bytes, draw: random.Random) -> bytes:
    """Something that separates, quotes, comments, marks up or confuses is put anywhere."""
    place = draw.randrange(len(content) + 1)
    return content[:place] + draw.choice(_TOKENS).encode() + content[place:]


def replace_number(content: bytes, draw: random.Random) -> bytes:
    """A number becomes another one, or none."""
    return _replace(content, draw, _NUMBER, draw.choice(_NUMBERS))


def replace_word(content: bytes, draw: random.Random) -> bytes:
    """A word becomes nothing, a number, a token, or another word of the file."""
    words = _WORD.findall(content.decode(errors="replace")) or [""]
    return _replace(
        content, draw, _WORD, draw.choice((draw.choice(words), "", draw.choice(_TOKENS), draw.choice(_NUMBERS)))
    )


def change_lines(content: bytes, draw: random.Random) -> bytes:
    """Lines are repeated, lost, swapped, joined or indented."""
    lines = content.decode(errors="surrogateescape").split("\n")
    place = draw.randrange(len(lines))
    kind = draw.choice(("repeat", "lose", "swap", "join", "indent", "blank", "many"))
    if kind == "repeat":
        lines.insert(draw.randrange(len(lines)), lines[place])
    elif kind == "lose":
        del lines[place]
    elif kind == "swap":
        other = draw.randrange(len(lines))
        lines[place], lines[other] = lines[other], lines[place]
    elif kind == "join":
        lines[place : place + 2] = ["".join(lines[place : place + 2])]
    elif kind == "indent":
        lines[place] = draw.choice((" ", "  ", "\t")) + lines[place]
    elif kind == "blank":
        lines[place] = draw.choice(("", " ", "\t", ",", ",,,"))
    else:
        lines[place:place] = [lines[place]] * min(3_000, LONGEST_BYTES // (1 + len(lines[place])))
    return "\n".join(lines).encode(errors="surrogateescape")


def swap_separators(content: bytes, draw: random.Random) -> bytes:
    """All of one kind of separator become another, as another country's spreadsheet writes them."""
    old, new = draw.sample([b",", b";", b"\t", b" ", b"\n", b"\r\n", b'"', b"'", b":", b"."], 2)
    return content.replace(old, new)


def change_encoding(content: bytes, draw: random.Random) -> bytes:
    """The text in another encoding, or with a mark of one."""
    text = content.decode(errors="replace")
    if not text.isascii() or draw.random() < 0.5:
        text += "\u00e4\u00f1"
    encoding = draw.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "cp1252", "shift_jis", "utf-7"))
    return text.encode(encoding, errors="replace")


def change_json(content: bytes, draw: random.Random) -> bytes:
    """One entry of a JSON file becomes of another type, is lost, moved, renamed or repeated."""
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError):
        return insert_token(content, draw)
    return json.dumps(changed_tree(tree, draw), indent=draw.choice((None, 1))).encode()


def repeat_key(content: bytes, draw: random.Random) -> bytes:
    """A key of JSON or YAML is there twice."""
    text = content.decode(errors="replace")
    keys = list(re.finditer(r'"?[\w.-]{1,99}"?: *', text))
    if not keys:
        return content
    key = draw.choice(keys)
    value = draw.choice(("null,", "1,", '"x",')) if "{" in text else "1\n"
    return (text[: key.start()] + key.group() + value + text[key.start() :]).encode()


def nest_deeply(content: bytes, draw: random.Random) -> bytes:
    """A value becomes lists or mappings within each other, far too many, closed or not."""
    opened, closed = draw.choice((("[", "]"), ('{"a":', "}"), ("- ", ""), ("(", ")")))
    n = draw.choice((50, 500, _DEEP))
    nested = opened * n + "1" + closed * draw.choice((n, 0))
    return draw.choice((_replace(content, draw, _WORD, nested), nested.encode()))


def refer_to_itself(content: bytes, draw: random.Random) -> bytes:
    """Anchors of YAML that hold themselves, or that grow ninefold nine times."""
    laughs = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    laughs += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    lines = content.decode(errors="replace").split("\n")
    more = draw.choice((["x: &x [*x]"], ["x: &x {y: *x}"], laughs, ["<<: &m {<<: *m}"], ["data: &d {a: *d}"]))
    place = draw.choice((0, len(lines)))
    return "\n".join([*lines[:place], *more, *lines[place:]]).encode()


def changed_tree(tree: Any, draw: random.Random) -> Any:
    """A copy of nested lists and mappings with one entry changed.

    Args:
        tree: What a JSON file or a checkpoint holds; other objects in it are leaves.
        draw: What decides.
    """
    if _is_deep(tree):  # an earlier mutation; copying it would call itself too often
        return draw.choice(_VALUES)
    tree = copy.deepcopy(tree)
    holders = [node for node in _nodes(tree) if isinstance(node, dict | list) and node]
    if not holders or draw.random() < 0.02:
        return draw.choice(_VALUES)
    holder = draw.choice(holders)
    key: Any = draw.choice(list(holder)) if isinstance(holder, dict) else draw.randrange(len(holder))
    kind = draw.choice(("value", "value", "value", "lose", "key", "other", "add", "wrap"))
    if kind == "value":
        holder[key] = draw.choice(_VALUES)
    elif kind == "lose":
        del holder[key]
    elif kind == "other":
        holder[key] = copy.deepcopy(draw.choice(list(_nodes(tree))))
    elif kind == "wrap":
        holder[key] = draw.choice(([holder[key]], {"a": holder[key]}, str(holder[key])))
    elif isinstance(holder, list):
        holder.insert(key, draw.choice(_VALUES))
    elif kind == "key":
        holder[str(draw.choice(_TOKENS[:40]))] = holder.pop(key)
    else:
        holder[str(draw.choice(_TOKENS[:40]))] = draw.choice(_VALUES)
    return tree


def _is_deep(tree: Any) -> bool:
    level = [tree]
    for _ in range(_DEEPEST_CHANGED):
        level = [inner for node in level if isinstance(node, dict | list) for inner in _inner(node)]
    return bool(level)


def _inner(node: dict[Any, Any] | list[Any]) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node


def _nodes(tree: Any) -> list[Any]:
    """The tree and all within, in order."""
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += _inner(node) if isinstance(node, dict | list) else ()
    return found


def _replace(content: bytes, draw: random.Random, pattern: re.Pattern[str], new: str) -> bytes:
    text = content.decode(errors="replace")
    found = list(pattern.finditer(text))
    if not found:
        return content
    match = draw.choice(found)
    return (text[: match.start()] + new + text[match.end() :]).encode(errors="replace")


ANY_TEXT: tuple[Mutation, ...] = (
    *(insert_token, insert_token, replace_number, replace_word, change_lines, change_lines, swap_separators),
    *(change_encoding, flip_bits, truncate, delete_block),
)
OF_SUFFIX: dict[str, tuple[Mutation, ...]] = {
    ".json": (*ANY_TEXT, *ANY_BYTES[:4], *(change_json,) * 12, repeat_key, repeat_key, nest_deeply),
    ".jsonl": (*ANY_TEXT, *ANY_BYTES[:4], repeat_key, nest_deeply),
    ".yaml": (*ANY_TEXT, *ANY_TEXT, *ANY_BYTES[:4], repeat_key, nest_deeply, refer_to_itself),
    ".csv": (*ANY_TEXT, *ANY_TEXT, *ANY_BYTES),
    ".txt": (*ANY_TEXT, *ANY_TEXT, *ANY_BYTES),
    ".list": (*ANY_TEXT, *ANY_TEXT, *ANY_BYTES),
}
