"""Mutants by rule: every place of a source file at which one of the rules below applies."""
import re

import swift_text as swift
from mutant import Mutant

# What each rule does, as the report names it.
RULES = {
    "compare": "a comparison turned: < and <=, > and >=, == and !=",
    "logic": "&& and || swapped",
    "condition": "one of several conditions left out",
    "guard": "a guard's condition left out",
    "return": "an early return left out",
    "flag": "a flag or element not inserted, or not removed",
    "count": "a count that does not rise, or does not fall",
    "assign": "an assignment left out",
    "call": "a call left out",
    "extreme": "min and max swapped",
    "number": "a number up to 64 off by one",
}
TURNED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "===": "!==",
          "!==": "==="}
COUNTS = {"+=", "-=", "&+=", "&-="}
ASSIGNMENTS = COUNTS | {"=", "|=", "&=", "^=", "*=", "/=", "<<=", ">>="}
FLAGS = {"insert", "remove", "formUnion", "subtract", "append", "removeAll", "removeValue"}
# Words behind which an expression begins.
LEADS = {"return", "if", "guard", "while", "where", "else", "in", "case", "let", "var", "try",
         "throw", "switch", "for", "await", "consume", "unsafe"}
LEAVING = {"return", "continue", "break", "throw"}
# Checks of bugs: leaving one out breaks nothing.
CHECKS = {"precondition", "preconditionFailure", "assert", "fatalError"}
LARGEST = 64


class Source:
    """One file and its mutants, in the order of the text."""

    def __init__(self, file, original):
        self.file = file
        self.lines = original.split("\n")
        self.text = swift.without_comments(original)
        self.tokens = swift.tokens_of(self.text)
        self.mutants = []
        for place, token in enumerate(self.tokens):
            if not token.function:
                continue
            if token.kind == "operator":
                self.operator(place)
            elif token.kind == "number":
                self.off_by_one(place)
            elif token.text in ("min", "max"):
                self.extreme(place)
        for place, token in enumerate(self.tokens):
            if token.text == "{" and self.is_code(place):
                within = swift.statements_in(self.tokens, place)
                for statement in within:
                    self.statement(statement, len(within) == 1 and self.answers(place))
        self.mutants.sort(
            key=lambda mutant: (mutant.start, mutant.kind != "insertion", -mutant.end))
        seen = {}
        for mutant in self.mutants:
            key = (mutant.function, mutant.rule, mutant.text)
            seen[key] = mutant.nth = seen.get(key, 0) + 1

    def is_code(self, place):
        inner = place + 1
        return inner < len(self.tokens) and bool(self.tokens[inner].function)

    def add(self, rule, first, last, other, kind="expression", at=None):
        token = self.tokens[first if at is None else at]
        start = self.tokens[first].start
        end = start if kind == "insertion" else self.tokens[last].end
        self.mutants.append(Mutant(
            self.file, token.function, rule, self.lines[token.line - 1].strip(), start, end, other,
            kind))

    def between(self, first, last):
        if first > last:
            return ""
        return self.text[self.tokens[first].start:self.tokens[last].end]

    # ------------------------------------------------------------------------- expressions

    def stops(self, place, words):
        token = self.tokens[place]
        if token.kind == "operator":
            return token.spaced and token.text in words
        return token.text in words

    def extent(self, place, words, rightward=None):
        """The operands of a binary operator, by what ends them on either side."""
        tokens, parent = self.tokens, self.tokens[place].parent
        always = ASSIGNMENTS | {"?", ":", ",", ";", "->"}
        first = place
        while first - 1 > parent:
            before = first - 1
            token = tokens[before]
            if token.text in (")", "]", "}") and token.kind == "mark":
                if token.text == "}" and tokens[token.match].block:
                    break
                first = token.match
                continue
            if self.stops(before, words | always) or token.kind == "word" and token.text in LEADS:
                break
            if self.begins_statement(first):
                break
            first = before
        last, end = place, tokens[parent].match if parent >= 0 else len(tokens)
        while last + 1 < end:
            after = last + 1
            token = tokens[after]
            if token.text == "{" and token.block or token.kind == "word" and token.text in (
                    "else", "where"):
                break
            if self.stops(after, (rightward or words) | always):
                break
            if after > place + 1 and self.begins_statement(after):
                break
            last = token.match if swift.opens(token) else after
        return first, last

    def begins_statement(self, place):
        parent = self.tokens[place].parent
        if parent < 0 or self.tokens[parent].text != "{":
            return False
        return self.tokens[place].line != self.tokens[place - 1].line and not swift.continues(
            self.tokens, place)

    def operator(self, place):
        token = self.tokens[place]
        if not token.spaced or self.is_check(place):
            return
        if token.text in TURNED:
            first, last = self.extent(place, {"&&", "||"})
            self.replace_operator("compare", place, first, last, TURNED[token.text])
        elif token.text == "&&":
            first, last = self.extent(place, {"||"}, {"||", "&&"})
            self.replace_operator("logic", place, first, last, "||")
        elif token.text == "||":
            first, last = self.extent(place, set(), {"||"})
            self.replace_operator("logic", place, first, last, "&&")

    def replace_operator(self, rule, place, first, last, other):
        left, right = self.between(first, place - 1), self.between(place + 1, last)
        if not left or not right:
            return
        if rule == "logic":
            left, right = f"({left})", f"({right})"
        self.add(rule, first, last, f"{left} {other} {right}", at=place)

    def is_check(self, place):
        """Whether it is the argument of a precondition."""
        at = self.tokens[place].parent
        while at > 0:
            if self.tokens[at].text == "(" and self.tokens[at - 1].text in CHECKS:
                return True
            at = self.tokens[at].parent
        return False

    def off_by_one(self, place):
        token = self.tokens[place]
        before = self.tokens[place - 1]
        if not re.fullmatch(r"0x[0-9A-Fa-f]+|[0-9]+", token.text) or self.is_check(place):
            return
        value = int(token.text, 0)
        # A place in a tuple, an argument of a type.
        if value > LARGEST or before.text == "." or before.text in ("<", ",") and self.text[
                token.end] == ">" or before.text.endswith("<") and before.text == "<" and (
                not before.spaced):
            return
        if before.kind == "operator" and before.text == "-" and not before.spaced:
            return self.add("number", place - 1, place, str(-value - 1))
        self.add("number", place, place, str(0 if value == 1 else value + 1))

    def extreme(self, place):
        tokens = self.tokens
        if tokens[place + 1].text != "(" or tokens[place - 1].text in (".", "func"):
            return
        last = tokens[place + 1].match
        other = "max" if tokens[place].text == "min" else "min"
        self.add("extreme", place, last, other + self.between(place + 1, last))

    # -------------------------------------------------------------------------- statements

    def answers(self, brace):
        """Whether the only expression in these braces may be their value."""
        if not self.tokens[brace].block or "Address" in self.tokens[brace - 1].text:
            return True
        place = brace - 1
        while place >= 0 and self.tokens[place].text not in ("{", "}", ";", "func", "init", "if"):
            if self.tokens[place].text in ("->", "var", "subscript"):
                return True
            place = self.tokens[place].match - 1 if self.tokens[place].text == ")" else place - 1
        return False

    def statement(self, statement, is_value):
        tokens, first, last = self.tokens, statement.first, statement.last
        lead = tokens[first].text
        if statement.conditions:
            return self.conditional(statement)
        if lead in swift.CONTROL | LEAVING | {"let", "var", "func", "struct", "enum", "class", "@",
                                              "private", "static", "fallthrough", "repeat"}:
            return
        if lead in CHECKS or lead in ("super", "self") and tokens[first + 2].text == "init":
            return
        parent = tokens[first].parent
        operators = [place for place in range(first, last + 1)
                     if tokens[place].parent == parent and tokens[place].kind == "operator"
                     and tokens[place].spaced]
        assignment = next((p for p in operators if tokens[p].text in ASSIGNMENTS), None)
        if assignment is not None and lead != "_":
            rule = "count" if tokens[assignment].text in COUNTS else "assign"
        elif lead == "_" or tokens[last].text in (")", "}"):
            rule = "flag" if self.called(first, last) in FLAGS else "call"
        else:
            return
        if is_value and rule in ("call", "flag") and lead != "_":
            return
        # In an initialiser the compiler demands them.
        if rule != "assign" or tokens[first].function != "init":
            self.add(rule, first, last, "", "statement")

    def called(self, first, last):
        """The name of the outermost call."""
        if self.tokens[last].text == ")":
            return self.tokens[self.tokens[last].match - 1].text
        return ""

    def conditional(self, statement):
        tokens = self.tokens
        lead = tokens[statement.first].text
        several = len(statement.conditions) > 1
        for first, last in statement.conditions:
            if tokens[first].text in ("let", "var", "case", "#available"):
                continue
            if lead == "guard":
                self.add("guard", first, last, "true")
            elif several:
                self.add("condition", first, last, "true")
        block = statement.block
        if lead == "if" and tokens[block].text == "{":
            within = swift.statements_in(tokens, block)
            if within and tokens[within[-1].first].text in LEAVING:
                first = statement.conditions[0][0]
                self.add("return", first, first, ", ", "insertion", at=statement.first)
