"""One mutant, and a text with many of them in it."""
from dataclasses import dataclass


@dataclass
class Mutant:
    file: str
    function: str
    rule: str
    text: str  # of the line, without its indentation
    start: int
    end: int  # equal to start: `other` is inserted
    other: str
    kind: str  # expression, statement or insertion
    nth: int = 1
    number: int = 0
    module: str = "Sources/Switchboard"  # the folder that `file` lies in

    @property
    def path(self):
        return f"{self.module}/{self.file}"

    @property
    def name(self):
        return f"{self.file} | {self.function} | {self.rule} | {self.nth} | {self.text}"

    @property
    def folder(self):
        return self.file.split("/")[0]


def planted(text, mutants, base=0):
    """The text with every mutant in it behind its switch, and where each one's text lies."""
    places, out, length = {}, [], 0

    def put(piece):
        nonlocal length
        out.append(piece)
        length += len(piece)

    def emit(start, end, inner):
        at = start
        while inner:
            mutant, inner = inner[0], inner[1:]
            put(text[at:mutant.start])
            nested = [m for m in inner if m.end <= mutant.end and m.start < mutant.end]
            inner = [m for m in inner if m not in nested]
            began = length
            switch = f"isMutant({mutant.number})"
            if mutant.kind == "insertion":
                put(f"!{switch}{mutant.other}")
                at = mutant.start
            else:
                put(f"if !{switch} {{ " if mutant.kind == "statement"
                    else f"({switch} ? ({mutant.other}) : (")
                emit(mutant.start, mutant.end, nested)
                put(" }" if mutant.kind == "statement" else "))")
                at = mutant.end
            places[mutant.number] = (began, length)
        put(text[at:end])

    emit(0, len(text), mutants)
    return "".join(out), places
