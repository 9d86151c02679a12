"""Seeded strings for comparing WordPiece tokenizers: those of samples.py, and
more of what BERT's normalizer changes."""
import unicodedata

from samples import SENTENCES, Samples

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
MARKS = [chr(c) for c in CODE_POINTS if unicodedata.category(chr(c))[0] == "M"]
CASED = [chr(c) for c in CODE_POINTS if chr(c).lower() != chr(c).upper()]
COMPOSED = [chr(c) for c in CODE_POINTS if unicodedata.normalize("NFD", chr(c)) != chr(c) and not 0xAC00 <= c < 0xD7A4]
CONTROLS = [chr(c) for c in CODE_POINTS if unicodedata.category(chr(c)) in ("Cc", "Cf", "Zs", "Zl", "Zp")] + ["\ufffd", "\ue000"]
IDEOGRAPHS = [(0x2E80, 0x3100), (0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x2A6E0),
              (0x2A700, 0x2EBE1), (0x2F800, 0x2FA20), (0x30000, 0x31350)]
HANGUL = [(0x1100, 0x1200), (0xA960, 0xA980), (0xAC00, 0xD7B0), (0xD7B0, 0xD800)]


class BertSamples(Samples):
    def __init__(self, rng, tokenizer, longest):
        super().__init__(rng, tokenizer, longest)
        self.makers += [
            (8, self.marks), (6, self.cases), (6, self.composed), (6, self.controls), (5, self.ideographs),
            (3, self.hangul), (5, self.long_words), (6, self.glued), (8, self.spelled),
        ]

    def some(self, n, *parts):
        return "".join(self.rng.choice(parts)() for _ in range(self.rng.randint(1, n)))

    def pick(self, list):
        return lambda: self.rng.choice(list)

    def within(self, ranges):
        return lambda: chr(self.rng.randrange(*self.rng.choice(ranges)))

    def marks(self):
        mark = self.pick(MARKS)
        return self.some(20, mark, mark, mark, self.pick("aé字1. "), self.pick(CONTROLS), self.pick(COMPOSED))

    def cases(self):
        return self.some(30, self.pick(CASED), self.pick(CASED), self.pick("İIıißẞΣσςǅ "), self.piece)

    def composed(self):
        return self.some(30, self.pick(COMPOSED), self.pick(COMPOSED), self.pick("ab \u0301\u0323"))

    def controls(self):
        return self.some(30, self.pick(CONTROLS), self.pick("ab!字"), self.piece)

    def ideographs(self):
        return self.some(30, self.within(IDEOGRAPHS), self.pick("ab !"), self.pick(MARKS))

    def hangul(self):
        return self.some(30, self.within(HANGUL), self.pick("ab !"))

    def long_words(self):
        """Words near the limit of 100 characters, in which vanishing ones count for nothing."""
        unit = self.rng.choice(["a", "ab", "the", "é", "e\u0301", "가", "字", "İ", "ing", "\u302e", "\u302f\u302e"])
        count = self.rng.randint(95, 105) // len(self.rng.choice([unit, "a"]))
        s = unit * count
        at = self.rng.randrange(len(s))
        return s[:at] + self.rng.choice(["", "", "\u200d", "\u0301", " ", "x", "."]) + s[at:]

    def glued(self):
        """Vocabulary entries glued together, so that words have many pieces."""
        return self.some(8, *[lambda: self.rng.choice(self.vocabulary).removeprefix("##")] * 5, lambda: " ", lambda: "##")

    def spelled(self):
        """A sentence with its accents, case and spaces disturbed."""
        s = unicodedata.normalize(self.rng.choice(["NFC", "NFD"]), self.rng.choice(SENTENCES))
        s = "".join(c.swapcase() if self.rng.random() < 0.2 else c for c in s)
        return "".join(c + (self.rng.choice(MARKS) if self.rng.random() < 0.1 else "") for c in s)
