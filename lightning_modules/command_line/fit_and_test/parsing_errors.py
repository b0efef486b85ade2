"""Turns jsonargparse's errors into one sentence: option, value, limit, remedy.

jsonargparse nests messages and errors, one for each type and class that it tried: the first tells where in the
configuration, the last what is wrong. Both are parsed here. Unknown messages are kept, on one line.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import jsonargparse

from zsar.lightning_modules.command_line.fit_and_test.mistyped_lines import (
    missing_file,
    missing_options,
    unknown_option,
)
from zsar.lightning_modules.command_line.model_kinds import ADAPTATIONS, KINDS, short_names
from zsar.lightning_modules.command_line.options.command_parser import option_names
from zsar.lightning_modules.experiments.shipped_configs import configs_in, is_config_name
from zsar.lightning_modules.run_folders.replaced_settings import replacement
from zsar.lightning_modules.run_folders.settings_of_before import name_of_now, value_of_now
from zsar.runtime.nearest_names import did_you_mean
from zsar.runtime.permitted_classes import fault_of_trusted, forbidden, forbidden_class_in

_TYPES = {"int": "a whole number", "float": "a number", "bool": "true or false", "NoneType": "null", "str": "text"}
_LONGEST = 300  # characters of an unknown message


def sentence_of(message: str, error: BaseException | None, *, options: Sequence[str], command: str) -> str:
    """One line about an error of parsing.

    Args:
        message: jsonargparse's message.
        error: The underlying error, with its causes; None if there is none.
        options: The options of the parser, for suggestions.
        command: The command, such as "zsar fit", for help and example in the sentence.
    """
    chain = [message, *(str(cause) for cause in _causes(error))]
    asked = re.match(r"--([\w.]+)\.help: ", message)
    section = asked[1] if asked else ".".join(_keys(chain))
    last = chain[-1].strip()
    if (class_path := forbidden_class_in(reversed(chain))) is not None:
        return f"--{section}: {forbidden(class_path)}"
    if match := re.match(r"(?:\w+: )?the following arguments are required: (.+)", last):
        return missing_options(match[1].split(", "), section, _class_of(chain), command)
    if match := re.match(r"unrecognized arguments: (.+)", last, re.DOTALL):
        return _unknown(match[1], section, _class_of(chain), options, command)
    if match := re.match(r"'?Group '(.+)' does not accept option '(.+?)'", last):
        return _unknown(f"--{match[1]}.{match[2]}", section, None, options, command)
    if match := re.match(r"'?(?:Subcommand '\w+' does not accept option|Option) '(.+?)'", last):
        return _unknown(f"--{match[1]}", section, _class_of(chain), options, command)
    if match := re.match(r'Parser key ".+?": Unable to load config "(.+)"', last):
        return _no_class(match[1], section, command)
    if re.match(r"Expected a dot import path|Unexpected import path format|Import path|No module named", last) or (
        "has no attribute" in last
    ):
        return _no_class(_class_stated(chain), section, command)
    if match := re.search(r"Expected a (.+?)\. Got value: (.*)", last, re.DOTALL):
        now = value_of_now(f"--{section}", _class_of(chain) or "", match[2].strip("'\""))
        if now is not None:
            return f"--{section} {match[2]} is now --{section} {now}"
        # For a union only the error of the first type is chained; the text lists the others.
        return _wrong_value(section, match[2], match[1], chain[-2] if len(chain) > 1 else "")
    if match := re.match(r"(?:File|Path) does not exist: '(.+)'", last):
        name = _as_typed(match[1])
        return missing_file(section, name)
    line = re.sub(r'^Parser key ".*?":? *', "", _on_one_line(last)).removeprefix("argument ")
    return f"{f'--{section}: ' if section and not line.startswith('--') else ''}{line}"


def options_of(class_: type, section: str) -> list[str]:
    """The options that set the arguments of a class, such as "--data.clips.n_frames".

    Args:
        class_: A model, a data module or an adaptation.
        section: Its section of a configuration: "model", "data" or "adaptation".
    """
    parser = jsonargparse.ArgumentParser(add_help=False)
    parser.add_class_arguments(class_, section, fail_untyped=False)
    return option_names(parser)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _keys(chain: Sequence[str]) -> list[str]:
    """The place in the configuration, from the outermost key to the innermost."""
    keys: list[str] = []
    for message in chain:
        match = re.match(r'Parser key "(.+?)"', message.strip())
        if match and match[1] not in keys[-1:]:
            keys.append(match[1].removeprefix("init_args."))
    return keys


def _class_of(chain: Sequence[str]) -> str | None:
    """The class whose arguments are wrong, if any."""
    paths = [match[1] for message in chain if (match := re.match(r"Problem with given class_path '(.+?)'", message))]
    return paths[-1] if paths else None


def _class_stated(chain: Sequence[str]) -> str:
    """The text given in place of a class, from the innermost message that quotes it."""
    stated = r"Expected a path but (\S+)|class_path '(\S+?)'|^Given value: (\S+)|(?:string|format): (\S+)"
    matches = [match for message in reversed(chain) if (match := re.search(stated, message, re.MULTILINE))]
    return next(filter(None, matches[0].groups())) if matches else _on_one_line(chain[-1])


def _unknown(written: str, section: str, class_path: str | None, options: Sequence[str], command: str) -> str:
    name = written.split("=", 1)[0].split(" ", 1)[0]
    if not name.startswith("-"):
        return f"{written!r} belongs to no option; `{command} --help` lists the options"
    for full in (f"--{section}.{name.removeprefix('--')}", name):
        if (instead := replacement(full)) is not None:
            return f"{full} was replaced by {instead}"
    if class_path is None:
        return unknown_option(name, did_you_mean(name, options), command=command)
    name = f"--{section}.{name.removeprefix('--')}"
    class_name = class_path.rpartition(".")[2]
    known = options_of(pkgutil.resolve_name(class_path), section)
    if (now := name_of_now(name)) is not None and now in known:
        return f"{name} is now {now}; in a file, {_nested(now)}"
    near = did_you_mean(name, known)
    return f"{class_name} has no option {name}{near or ';'} `{command} --{section}.help {class_name}` lists its options"


def _nested(option: str) -> str:
    """The place of an option in a configuration file: "model: {init_args: {backbone: {weights: ...}}}"."""
    section, *names = option.removeprefix("--").split(".")
    names = [section, "init_args", *names]
    return f"{': {'.join(names)}: ...{'}' * (len(names) - 1)}"


def _no_class(value: str, section: str, command: str) -> str:
    if is_config_name(value):
        return missing_file(section, value)
    if (fault := fault_of_trusted(value)) is not None:
        return f"--{section}: {fault}"
    names = class_names(section)
    fragments = {path.stem: name for name, path in configs_in(section).items()}
    if value in fragments and value.lower() not in map(str.lower, names):
        return f"--{section} {value}: there is no such class or file; did you mean {fragments[value]}?"
    if fragments and not names:
        return f"--{section} {value}: there is no such file; give one of {', '.join(fragments.values())}"
    if not names:
        return f"--{section} {value}: there is no such class or file; give its path, such as package.module.Class"
    near = did_you_mean(value, names) or ";"
    return f"--{section} {value}: there is no class of that name{near} `{command} --{section}.help` lists them"


def class_names(section: str) -> list[str]:
    """The short names of zsar's classes for a section of a configuration; empty for sections without classes."""
    if section == "adaptation":
        return [class_.__name__ for class_ in ADAPTATIONS]
    return [name for base in KINDS.get(section, {}).values() for name in short_names(base)]


def _as_typed(path: str) -> str:
    """A path relative to the working directory if it lies in it, as jsonargparse makes paths absolute."""
    return str(Path(path).relative_to(Path.cwd())) if Path(path).is_relative_to(Path.cwd()) else path


def _wrong_value(section: str, value: str, expected: str, union: str) -> str:
    if (instead := replacement(section, value.strip().strip("'\""))) is not None:
        return f"--{section} {value.strip()} was replaced by {instead}"
    others = re.findall(r"- Expected a (.+?)(?:\. Got value: .*)?$", union, re.MULTILINE)
    types = list(dict.fromkeys(_readable(name) for name in (expected, *others)))
    stated = value.strip().splitlines()[0] if value.strip() else "''"
    choices = re.findall(r"'([^']+)'", expected) if "Literal" in expected else []
    return f"--{section} must be {' or '.join(types)}; got {stated}{did_you_mean(stated, choices)}"


def _readable(expected: str) -> str:
    """A type in jsonargparse's notation, in words."""
    name = re.sub(r"^<class '(?:.*\.)?(\w+)'>$", r"\1", expected.strip())
    if "import path" in name:
        return "the path of a class"
    if "Literal[" in name:
        return f"one of {', '.join(re.findall(r'[^][, ]+', name.partition('Literal')[2])).replace(chr(39), '')}"
    return _TYPES.get(name, f"a {name.removeprefix('typing.')}")


def _on_one_line(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ... (ZSAR_TRACEBACK=1 shows all of it)"
