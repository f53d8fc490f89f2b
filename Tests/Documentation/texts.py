"""What the help texts and the pages have their readers type: command lines, and mentions of commands and files."""

import json
import pathlib
import re
import subprocess
from dataclasses import dataclass, field

# What a command line begins with, unless `patternalarm` is in it.
PROGRAMS = ("patternalarm", "curl", "duckdb", "xdg-open", "Tools/")


@dataclass
class Text:
    """One help text or page: its command lines in order, and what it mentions."""

    name: str
    in_order: bool  # A page is read from top to bottom; the examples of a help text stand for themselves.
    commands: list = field(default_factory=list)
    prose: str = ""
    wrong: list = field(default_factory=list)


def walk(command, path=()):
    """Every command: how it is called, and what `--experimental-dump-help` says of it."""
    path = (*path, command["commandName"])
    yield path[1:], command
    for below in command.get("subcommands", []):
        yield from walk(below, path)


def dumped(binary):
    said = subprocess.run([binary, "--experimental-dump-help"], capture_output=True, text=True, check=True)
    return {path: command for path, command in walk(json.loads(said.stdout)["command"])}


def joined(text):
    return re.sub(r"\\\n\s*", "", text)


def commands_in(block):
    """The lines of a block of command lines, without comments; nothing of a block that is something else."""
    lines = [line.split("  #")[0].strip() for line in joined(block).splitlines() if line.strip()]
    found = any(line.startswith(PROGRAMS) or re.search(r"[|(&;] *patternalarm ", line) for line in lines)
    return lines if found else []


def of_helps(binary, commands):
    for path, command in commands.items():
        words = [command.get("abstract") or "", command.get("discussion") or ""]
        for argument in command.get("arguments", []):
            words += [argument.get("abstract") or "", argument.get("discussion") or ""]
        prose = "\n".join(words)
        blocks = re.findall(r"(?m)(?:^  .*\n?)+", prose)
        text = Text(" ".join(("help", *path)), False, sum(map(commands_in, blocks), []), prose)
        if blocks:
            text.wrong = broken_lines(binary, path, blocks)
        yield text


def broken_lines(binary, path, blocks):
    """Indented lines that a terminal of 80 columns shows as two: who copies a command has two."""
    help = subprocess.run([binary, *path, "--help"], capture_output=True, text=True, check=True, env={"COLUMNS": "80"})
    shown = help.stdout.splitlines()
    lines = [line for block in blocks for line in block.splitlines() if line not in shown]
    return [f"help {' '.join(path)}: is broken at 80 columns: {line}" for line in lines]


def of_page(path, commands, root):
    """Indented lines, lines of fenced shell blocks, and what stands between backticks in a sentence."""
    text = path.read_text()
    page = Text(str(path.relative_to(root)), True, prose=text)
    fenced = r"^```(\w*)\n(.*?)^```$"
    indented = r"(?:^    .*\n)+"
    inline = r"`(patternalarm\s[^`]*)`"
    for found in re.finditer(f"(?ms){fenced}|(?-s:{indented})|{inline}", text):
        language, block, span = found.groups()
        if span:
            line = " ".join(joined(span).split())
            # The name of a command alone is a mention.
            if tuple(line.split()[1:]) not in commands:
                page.commands.append(line)
        elif not block or language in ("", "sh", "bash", "console"):
            page.commands += commands_in(block or found[0])
    return page


def of_messages(root):
    """What error messages advise, in the sources; they have no examples, but mention commands."""
    for path in sorted((root / "Sources").rglob("*.swift")):
        spans = re.findall(r"`patternalarm [^`\\]*`", path.read_text())
        if spans:
            yield Text(str(path.relative_to(root)), False, prose=" ".join(spans))


def of_pages(root, commands):
    below = [path for folder in ("Sources", "Tools", "Data") for path in sorted((root / folder).rglob("*.md"))]
    return [of_page(path, commands, root) for path in [root / "README.md", *below]]


def wrong_mentions(text, commands, root):
    """Between backticks: options that a command does not have, and files of the project that are not there.

    Returns how many mentions there were, and what is wrong.
    """
    options = {
        path: {name["name"] for part in command.get("arguments", []) for name in part.get("names") or []}
        for path, command in commands.items()
    }
    count, wrong = 0, list(text.wrong)
    # A fenced block is no mention, and its backticks pair with none.
    prose = re.sub(r"(?ms)^```.*?^```$", "", text.prose)
    for span in re.findall(r"`([^`]+)`", prose):
        words = span.split()
        if words[0] == "patternalarm":
            words.pop(0)
        path = ()
        while len(path) < len(words) and (*path, words[len(path)]) in commands:
            path = (*path, words[len(path)])
        if path or span.startswith("--"):
            count += 1
            known = options[path] if path else set().union(*options.values())
            for option in re.findall(r"(?<!\S)--([a-z][a-z-]*)", span):
                if option not in known:
                    wrong.append(f"{text.name}: `{span}`: there is no --{option}")
        elif re.fullmatch(r"(Sources|Tools|Data|Tests)/[\w./-]+", span):
            count += 1
            if not (root / span).exists():
                wrong.append(f"{text.name}: `{span}` is not there")
    return count, wrong
