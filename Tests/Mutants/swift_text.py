"""Swift source as tokens: as much of the language as is needed to find the places of mutants.

Not a parser. It knows what swift-format leaves: binary operators with a space on both sides, blocks,
statements of one or more lines. What it gets wrong the compiler finds, and that mutant is left out.
"""
import re
from dataclasses import dataclass, field

OPERATOR = re.compile(r"\.{2,3}<?|[-/=+!*%<>&|^~?]+")
WORD = re.compile(r"`?[A-Za-z_$][A-Za-z0-9_]*`?|#[a-z]+")
NUMBER = re.compile(r"0x[0-9A-Fa-f_]+|[0-9][0-9_]*(?:\.[0-9][0-9_]*)?(?:e[-+]?[0-9]+)?")
CLOSERS = {"(": ")", "[": "]", "{": "}"}
TYPES = {"struct", "class", "enum", "extension", "protocol"}
BODIES = {"func", "init", "deinit", "subscript", "var"}
CONTROL = {
    "if", "guard", "while", "for", "switch", "do", "repeat", "else", "catch", "defer", "get", "set",
    "unsafeAddress", "unsafeMutableAddress",
}


@dataclass
class Token:
    kind: str  # word, number, string, operator, mark
    text: str
    start: int
    end: int
    line: int
    spaced: bool = False  # an operator with room on both sides: a binary one
    match: int = -1  # of a bracket: its other one
    parent: int = -1  # the opening bracket around it
    function: str = ""  # the function it is in the body of
    block: bool = False  # of a brace: a block of statements after if, else, func ..., not a closure


def string_end(text, at):
    """Behind a string literal that begins at `at`."""
    if text.startswith('"""', at):
        return text.index('"""', at + 3) + 3
    depth, place = 0, at + 1
    while True:
        if text[place] == "\\":
            depth += text[place + 1] == "("
            place += 2
            continue
        if depth and text[place] in "()":
            depth += 1 if text[place] == "(" else -1
        elif not depth and text[place] == '"':
            return place + 1
        place += 1


def without_comments(text):
    """The same text with blanks for comments and for `unsafe`, which only the strict build needs."""
    out, place = list(text), 0
    while place < len(text):
        if text[place] == '"':
            place = string_end(text, place)
            continue
        end = 0
        if text.startswith("//", place):
            end = text.find("\n", place)
            end = len(text) if end < 0 else end
        elif text.startswith("/*", place):
            end = text.index("*/", place) + 2
        elif (found := re.compile(r"(?<![\w@(])unsafe (?=\S)|(?<=\()unsafe (?=\S)").match(text, place)):
            end = found.end()
        if end:
            out[place:end] = [c if c == "\n" else " " for c in text[place:end]]
            place = end
        else:
            place += 1
    return "".join(out)


def tokens_of(text):
    tokens, place, line, stack = [], 0, 1, []
    while place < len(text):
        char = text[place]
        if char.isspace():
            line += char == "\n"
            place += 1
            continue
        if char == '"':
            kind, end = "string", string_end(text, place)
        elif char.isdigit():
            kind, end = "number", NUMBER.match(text, place).end()
        elif found := WORD.match(text, place):
            kind, end = "word", found.end()
        elif found := OPERATOR.match(text, place):
            kind, end = "operator", found.end()
        else:
            kind, end = "mark", place + 1
        token = Token(kind, text[place:end], place, end, line)
        if kind == "operator":
            token.spaced = text[place - 1].isspace() and text[end].isspace()
        line += text.count("\n", place, end)
        if token.text in CLOSERS.values() and kind == "mark":
            opened = stack.pop()
            token.match, tokens[opened].match = opened, len(tokens)
        token.parent = stack[-1] if stack else -1
        if token.text in CLOSERS and kind == "mark":
            stack.append(len(tokens))
        tokens.append(token)
        place = end
    name_functions(tokens)
    return tokens


def name_functions(tokens):
    """Says of each token in whose body it stands, and which braces open blocks."""
    declared, inside = None, []  # inside: (closing token, function's name or "" of a type)
    for place, token in enumerate(tokens):
        while inside and place > inside[-1][0]:
            inside.pop()
        name = next((name for _, name in reversed(inside)), "")
        token.function = name
        before = tokens[place - 1].text if place else ""
        if token.kind == "word" and before != ".":
            following = tokens[place + 1].text if place + 1 < len(tokens) else ""
            if token.text in TYPES and following != "{" and before not in ("(", ":"):
                declared = ""
            elif token.text in BODIES and (not name or token.text == "func"):
                declared = following if token.text in ("func", "var") else token.text
                declared = declared.strip("`")
        if token.text == "{" and token.kind == "mark":
            if declared is not None and not opens_inside_signature(tokens, place):
                token.block = bool(declared)
                inside.append((token.match, declared))
                declared = None
            elif name:
                token.block = follows_control(tokens, place)
        elif declared and token.text == "}" and not name:
            declared = None


def opens_inside_signature(tokens, place):
    parent = tokens[place].parent
    return parent >= 0 and tokens[parent].text in "(["


def follows_control(tokens, place):
    """Whether a brace opens the block of an `if`, `else`, `do`, ... before it, not a closure."""
    at = place - 1
    while at > tokens[place].parent:
        token = tokens[at]
        if token.text in (")", "]", "}"):
            if token.text == "}" and tokens[token.match].block:
                return False
            at = token.match - 1
            continue
        if token.kind == "word" and token.text in CONTROL and tokens[at - 1].text != ".":
            return True
        at -= 1
    return False


@dataclass
class Statement:
    first: int
    last: int  # inclusive
    conditions: list = field(default_factory=list)  # (first, last) of each, of if, guard, while
    block: int = -1  # the opening brace of what it controls


def continues(tokens, place):
    """Whether the statement goes on from the token before into this one, on another line."""
    now, before = tokens[place], tokens[place - 1]
    if now.line == before.line and before.text not in (";",):
        return True
    if now.text in (".", "?", ":", "{", "else", "where", "catch", "->", ",", ")", "]", "throws"):
        return True
    if now.kind == "operator" and now.spaced:
        return True
    return before.text in (",", "(", "[", "=", ":", "return") or (
        before.kind == "operator" and before.spaced) or (
        before.text == "?" and before.spaced)


def statements_in(tokens, brace):
    """The statements of a block or closure, without those of blocks within it."""
    place, end, found = brace + 1, tokens[brace].match, []
    signature = closure_signature_end(tokens, brace)
    place = signature if signature else place
    while place < end:
        token = tokens[place]
        if token.text == ";":
            place += 1
            continue
        if token.text in ("case", "default") or token.text == "@" and tokens[place + 1].text in (
                "unknown",):
            while not (tokens[place].text == ":" and tokens[place].parent == brace
                       and not is_ternary(tokens, place)):
                place = tokens[place].match + 1 if opens(tokens[place]) else place + 1
            place += 1
            continue
        first = place
        place = tokens[place].match if opens(token) else place
        while place + 1 < end and continues(tokens, place + 1):
            place += 1
            if opens(tokens[place]):
                place = tokens[place].match
        found.append(read(tokens, first, place))
        place += 1
    return found


def opens(token):
    return token.kind == "mark" and token.text in CLOSERS


def is_ternary(tokens, place):
    """Whether a colon belongs to a question mark before it."""
    at, depth = place - 1, 0
    while at > tokens[place].parent:
        token = tokens[at]
        if token.kind == "mark" and token.text in ")]}":
            at = token.match - 1
            continue
        if token.text == "case":
            return False
        if token.text == "?" and token.spaced:
            return True
        at -= 1
    return False


def closure_signature_end(tokens, brace):
    """Behind the `in` of a closure's parameters; 0 where it has none."""
    if tokens[brace].block:
        return 0
    place, line = brace + 1, tokens[brace].line
    while place < tokens[brace].match and tokens[place].line == line:
        if tokens[place].text == "in":
            return place + 1
        if tokens[place].text in ("for", "if", "return", "guard", "let"):
            return 0
        place = tokens[place].match + 1 if opens(tokens[place]) else place + 1
    return 0


def read(tokens, first, last):
    statement = Statement(first, last)
    if tokens[first].text not in ("if", "guard", "while"):
        return statement
    begin = place = first + 1
    while place <= last:
        token = tokens[place]
        if token.text == "{" and token.block or token.text == "else":
            statement.conditions.append((begin, place - 1))
            statement.block = place + (token.text == "else")
            return statement
        if token.text == "," and token.parent == tokens[first].parent:
            statement.conditions.append((begin, place - 1))
            begin = place + 1
        place = token.match + 1 if opens(token) else place + 1
    return Statement(first, last)
