"""Finds what people read in the repository's files: comments, documentation, pages, texts of messages, test names.

Used by `.ci/words` and `.ci/messages`. Needs Python 3.9 and git, nothing else.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Members of JSON files that are documentation: the options of the npm package, and the reasons of accepted deviations.
DOCUMENTED = {"wasm/options.json": "doc", "tests/conformance/rules.json": "reason"}

# Generated, recorded or foreign files: their text was not written here.
FOREIGN = re.compile(r"(^|/)(Cargo\.lock|package-lock\.json|LICENSE-\w+|vectors/|data/|pkg/)|\.(jsonl|json|txt|bin|hex)$")


@dataclass
class Piece:
    """A comment, a string literal, a paragraph or a test name, with the lines it is on."""

    kind: str  # "comment", "text", "markdown" or "test"
    path: str
    text: str
    lines: list  # One line number for each character of `text`.
    in_test: bool = False
    in_attribute: bool = False
    in_table: bool = False  # A cell of a table.

    def line(self, at):
        return self.lines[min(at, len(self.lines) - 1)] if self.lines else 1


def files():
    """Returns the paths of the repository's own text files, committed or not yet."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    is_ours = lambda path: path in DOCUMENTED or not FOREIGN.search(path)  # noqa: E731
    return sorted({path for path in listed if (ROOT / path).is_file() and is_ours(path)})


def pieces(path):
    """Returns all pieces of a file, in their order."""
    source = (ROOT / path).read_text(encoding="utf-8", errors="replace")
    name = path.rsplit("/", 1)[-1]
    if path.endswith(".rs"):
        return _rust(path, source)
    if re.search(r"\.(js|mjs|cjs|ts|mts|cts)$", path):
        return _javascript(path, source)
    if path.endswith(".md"):
        return _markdown(path, source)
    if path.endswith(".html"):
        return _html(path, source)
    if path in DOCUMENTED:
        return _json(path, source, DOCUMENTED[path])
    if path.endswith((".toml", ".py", ".yml", ".yaml")) or name in ("Makefile", ".gitignore") or source.startswith("#!"):
        return list(_comments(path, _hashes(source), source))
    return []


def _line_numbers(source):
    numbers, line = [], 1
    for character in source:
        numbers.append(line)
        line += character == "\n"
    return numbers


# Strings and comments of Rust. Attributes are tokens, whose strings are neither messages nor tests.
_RUST = re.compile(
    r"""(?P<line>//[^\n]*)
      | (?P<block>/\*.*?\*/)
      | (?P<attribute>\#!?\[(?:[^\[\]"]|"(?:\\.|[^"\\])*"|\[[^\[\]]*\])*\])
      | (?P<raw>b?r(?P<hashes>\#*)"(?P<rawtext>.*?)"(?P=hashes))
      | (?P<string>b?"(?P<text>(?:\\.|[^"\\])*)")
      | (?P<char>'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\'\n])')""",
    re.X | re.S)
_TEST_FN = re.compile(
    r"#\[(?:tokio::)?test(?:\([^\]]*\))?\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([a-z]+\))?\s+)?(?:async\s+)?fn\s+(\w+)")
_RUST_TEST_FILE = re.compile(r"(^|/)(tests|benches)(/|$)|(^|[/_])tests?\.rs$")


def _rust(path, source):
    numbers = _line_numbers(source)
    found, comments = [], []
    tests_begin = source.find("\n#[cfg(test)]\nmod ")
    for match in _RUST.finditer(source):
        in_test = bool(_RUST_TEST_FILE.search(path)) or -1 < tests_begin < match.start()
        if match["line"] is not None:
            comments.append((match.start(), match.end()))
        elif match["block"] is not None:
            comments.append((match.start(), match.end()))
        elif match["attribute"] is not None:
            for inner in re.finditer(r'"((?:\\.|[^"\\])*)"', match["attribute"]):
                found.append(_literal(path, numbers, match.start() + inner.start(1), inner[1], in_test, True))
        elif match["raw"] is not None and not match["raw"].startswith("b"):
            found.append(_literal(path, numbers, match.start("rawtext"), match["rawtext"], in_test, False))
        elif match["string"] is not None and not match["string"].startswith("b"):
            found.append(_literal(path, numbers, match.start("text"), match["text"], in_test, False))
    found.extend(_comments(path, comments, source))
    for match in _TEST_FN.finditer(source):
        found.append(Piece("test", path, match[1], [numbers[match.start(1)]] * len(match[1]), True))
    return sorted(found, key=lambda piece: piece.line(0))


def _literal(path, numbers, start, text, in_test, in_attribute):
    """A string literal, with the line breaks of its source removed."""
    shown, lines, at = [], [], 0
    for part in re.finditer(r"\\\n\s*|\\n|\\(.)|(.)", text, re.S):
        character = part[2] or (part[1] if part[1] in ('"', "'", "`", "\\") else " ")
        if part[0].startswith("\\\n"):
            continue
        shown.append(character)
        lines.append(numbers[start + part.start()])
    return Piece("text", path, "".join(shown), lines, in_test, in_attribute)


_JS = re.compile(
    r"""(?P<line>//[^\n]*)
      | (?P<block>/\*.*?\*/)
      | (?P<template>`(?P<ttext>(?:\\.|\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\}|[^`\\])*)`)
      | (?P<double>"(?P<dtext>(?:\\.|[^"\\\n])*)")
      | (?P<single>'(?P<stext>(?:\\.|[^'\\\n])*)')
      | (?P<regex>(?<=[(,=:\[!&|?{};\n])\s*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+/[a-z]*)""",
    re.X | re.S)
_JS_TEST_FILE = re.compile(r"(^|/)(test|suite|bench)(/|$)|\.test(-d)?\.\w+$")


def _javascript(path, source):
    numbers = _line_numbers(source)
    found, comments = [], []
    in_test = bool(_JS_TEST_FILE.search(path))
    for match in _JS.finditer(source):
        if match["line"] is not None or match["block"] is not None:
            comments.append((match.start(), match.end()))
            continue
        for group in ("ttext", "dtext", "stext"):
            if match[group] is not None:
                before = source[max(0, match.start() - 40):match.start()]
                piece = _literal(path, numbers, match.start(group), match[group], in_test, False)
                after = source[match.end():match.end() + 20]
                is_listed = re.search(r"\[\s*$", before) and re.match(r"\s*,\s*(async\b|\(|run\b)", after)
                if in_test and (is_listed or re.search(r"(?<![.\w])(test|it|describe)(\.\w+)?\(\s*$", before)):
                    piece.kind = "test"
                found.append(piece)
    found.extend(_comments(path, comments, source))
    return sorted(found, key=lambda piece: piece.line(0))


def _hashes(source):
    for match in re.finditer(r"(?m)(?:^|(?<=\s))#(?!!)[ #][^\n]*", source):
        yield (match.start(), match.end())


_MARK = re.compile(r"^\s*(?:///?!?|//!|/\*+!?|\*/|\*(?!/)|\#+)? ?|\s*\*+/\s*$")
_IN_SOURCE_MARK = re.compile(r"(?m)^[ \t]*(?:///|//!|//|/\*\*?|\*/|\*(?!/)|##?)[ \t]?|[ \t]*\*/[ \t]*$")


def _comments(path, spans, source):
    """Joins comments on neighboring lines to blocks, and yields their paragraphs as pieces."""
    numbers = _line_numbers(source)
    block = []
    for start, end in list(spans) + [(None, None)]:
        first = numbers[start] if start is not None else None
        own_line = start is not None and source[source.rfind("\n", 0, start) + 1:start].strip() == ""
        if block and (start is None or first != block[-1][1] + 1 or not own_line):
            yield from _paragraphs(path, [(text, line) for text, line in block])
            block = []
        if start is None:
            break
        for offset, text in enumerate(source[start:end].split("\n")):
            block.append((_IN_SOURCE_MARK.sub("", text), first + offset))


def _paragraphs(path, lines, kind="comment"):
    """Splits lines of Markdown into paragraphs, table cells and list items; code blocks are left out.

    In comments, an indented row with two or more spaces between its columns begins a paragraph, and so do the rows of
    the same indent after it.
    """
    text, at, fenced, rows = [], [], False, None

    def flush():
        nonlocal text, at
        if "".join(text).strip():
            piece = Piece(kind, path, "".join(text), at)
            text, at = [], []
            return [piece]
        text, at = [], []
        return []

    for line, number in lines:
        stripped = line.strip()
        if stripped.startswith(("```", "~~~")):
            yield from flush()
            fenced = not fenced
            continue
        if fenced:
            continue
        indent = len(line) - len(line.lstrip())
        if kind == "comment" and indent >= 2 and (indent == rows or re.search(r"\S {2,}\S", stripped)):
            rows = indent if rows is None else rows
            yield from flush()
        if not stripped or stripped.startswith(("- ", "* ", "#", "|")) or re.match(r"\d+\. ", stripped):
            yield from flush()
        if stripped.startswith("|"):
            for cell in stripped.strip("|").split("|"):
                yield Piece(kind, path, cell.strip(), [number] * len(cell.strip()), in_table=True)
            continue
        is_heading = re.match(r"#+ ", stripped)
        stripped = re.sub(r"^(- |\* |#+ |\d+\. )", "", stripped)
        if text:
            text.append(" ")
            at.append(number)
        text.extend(stripped)
        at.extend([number] * len(stripped))
        if is_heading:
            yield from flush()
    yield from flush()


def _markdown(path, source):
    return list(_paragraphs(path, [(line, at + 1) for at, line in enumerate(source.split("\n"))], "markdown"))


def _json(path, source, member):
    numbers = _line_numbers(source)
    texts = re.finditer(rf'"{member}":\s*"((?:\\.|[^"\\])*)"', source)
    found = [_literal(path, numbers, match.start(1), match[1], False, False) for match in texts]
    for piece in found:
        piece.kind = "markdown"
    return found


# Elements without text for people, and tags that do not end a text. The group is text in an attribute.
_HTML = re.compile(
    r"""(?P<other><(?P<name>script|style|svg|datalist)\b.*?</(?P=name)>|<!doctype[^>]*>)
      | (?P<comment><!--.*?-->)
      | (?P<inline></?(?:a|b|code|em|i|kbd|output|span|strong)\b[^>]*>)
      | (?P<tag><[^>]*>)""",
    re.X | re.S)
_HTML_TEXT = re.compile(r'\b(?:title|placeholder|aria-label|alt|data-system)="([^"]*)"')


def _html(path, source):
    numbers = _line_numbers(source)
    found, text, lines, at = [], "", [], 0

    def flush():
        nonlocal text, lines
        if text.strip():
            found.append(Piece("markdown", path, text, lines))
        text, lines = "", []

    def add(start, end):
        nonlocal text, lines
        for shown in re.finditer(r"\s+|\S", source[start:end]):
            text += " " if shown[0].isspace() else shown[0]
            lines.append(numbers[start + shown.start()])

    for match in _HTML.finditer(source):
        add(at, match.start())
        at = match.end()
        if match["inline"] is None:
            flush()
        if match["comment"] is not None:
            add(match.start() + 4, match.end() - 3)
            flush()
        elif match["other"] is None:
            for words in _HTML_TEXT.finditer(match[0]):
                found.append(Piece("markdown", path, words[1], [numbers[match.start() + words.start(1)]] * len(words[1])))
    add(at, len(source))
    flush()
    return sorted(found, key=lambda piece: piece.line(0))
